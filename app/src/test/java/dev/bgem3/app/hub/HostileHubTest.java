package dev.bgem3.app.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Arrays;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Downloads from hubs and over networks that disconnect, stall, send wrong data, refuse or attack. */
@Timeout(60)
class HostileHubTest extends HubFixture {
    private static final HubLimits NO_RETRIES = limits(QUICK.answerTimeout(), QUICK.stallTimeout(), 0);

    private void assertNotUnderItsFinalName(String file) throws IOException {
        assertThat(snapshot().resolve("config.json")).doesNotExist();
        assertThat(model().resolve("refs/main")).doesNotExist();
        assertThat(blob(file)).doesNotExist();
    }

    @Test
    void resumesAfterABrokenConnection() throws IOException {
        hub.always(FakeHub.bytes(), (request, wire) -> {
            byte[] part = part(request);
            wire.head(206, "Content-Length: " + part.length, contentRange(request))
                    .raw(Arrays.copyOf(part, Math.min(part.length, 20_000)));
            wire.end();
        });
        hub.files.remove("tokenizer.json");
        hub.files.put("sentencepiece.bpe.model", FakeHub.random(900, 1));
        download();
        assertThat(snapshot().resolve("model.safetensors")).hasBinaryContent(large());
        // No byte arrived twice.
        assertThat(bytes.get()).isEqualTo(300_902);
        assertThat(said).anyMatch(line -> line.contains("broke off") && line.contains("; trying again in "));
    }

    @Test
    void givesUpIfEveryConnectionBreaksAtOnce() throws IOException {
        hub.always(FakeHub.bytes(), (_, wire) -> wire.end());
        assertThatThrownBy(this::download).isInstanceOf(HubException.class)
                .hasMessageContaining("broke off").hasMessageContaining(", 4 times in a row");
        assertNotUnderItsFinalName("model.safetensors");
    }

    @Test
    void acceptsARangeWithTooLongAContentLength() throws IOException {
        hub.on(FakeHub.bytes(), 2, (request, wire) -> {
            byte[] part = part(request);
            wire.head(206, "Content-Length: " + (part.length + 1_000), contentRange(request)).raw(part);
            wire.end();
        });
        download();
        assertWhole(snapshot());
    }

    @Test
    void requestsTheRestOfARangeThatIsTooShort() throws IOException {
        hub.on(FakeHub.bytes(), 3, (request, wire) -> {
            byte[] part = part(request);
            wire.head(206, contentRange(request)).body(Arrays.copyOf(part, part.length / 2));
        });
        download();
        assertWhole(snapshot());
        assertThat(said).anyMatch(line -> line.contains(" ended "));
    }

    @Test
    void rejectsAFileOfAnotherLength() throws IOException {
        hub.always(signed("tokenizer.json"),
                (_, wire) -> wire.head(200).body(FakeHub.random(6_000, 1)));
        assertThatThrownBy(this::download)
                .hasMessageContaining("announces 6000 bytes of tokenizer.json (expected: 5000)");
        assertNotUnderItsFinalName("tokenizer.json");
    }

    @Test
    void rejectsMoreBytesThanRequested() throws IOException {
        hub.always(signed("tokenizer.json"), (_, wire) -> {
            wire.head(200).raw(FakeHub.random(6_000, 1));
            wire.end();
        });
        assertThatThrownBy(this::download)
                .hasMessageContaining("sends more than the bytes asked for of tokenizer.json");
        assertNotUnderItsFinalName("tokenizer.json");
    }

    @Test
    void rejectsAnotherRangeThanRequested() throws IOException {
        hub.always(FakeHub.bytes(), (request, wire) -> {
            if (request.header("Range").isEmpty()) {
                hub.tellTruth(request, wire);
            } else {
                wire.head(206, "Content-Range: bytes 0-9/300000").body(new byte[10]);
            }
        });
        assertThatThrownBy(this::download)
                .hasMessageContaining("sent another range than requested: bytes 0-9/");
        assertNotUnderItsFinalName("model.safetensors");
    }

    @Test
    void rejectsWrongBytesAndKeepsNoneOfThem() throws IOException {
        hub.always(signed("model.safetensors"), (request, wire) -> {
            byte[] wrong = large().clone();
            wrong[150_000] ^= 1;
            hub.send(request, wire, wrong, "\"opaque\"");
        });
        assertThatThrownBy(this::download).isInstanceOf(HubException.class)
                .hasMessageStartingWith("model.safetensors: SHA-256 is ")
                .hasMessageEndingWith(
                        "(expected: " + FakeHub.digest(large()) + "): refused, and nothing of it was kept");
        assertNotUnderItsFinalName("model.safetensors");
        assertThat(tree(model())).noneMatch(file -> file.contains(FakeHub.digest(large())));
        hub.obey();
        download();
        assertWhole(snapshot());
    }

    @Test
    void rejectsWrongBytesOfASmallFile() throws IOException {
        hub.always(FakeHub.resolving("config.json"),
                (_, wire) -> wire.head(200).body("[]".getBytes(StandardCharsets.UTF_8)));
        assertThatThrownBy(this::download).hasMessageStartingWith("config.json: git SHA-1 is ");
        assertNotUnderItsFinalName("config.json");
    }

    @Test
    void rejectsAFileThatChangesDuringTheDownload() throws IOException {
        hub.on(FakeHub.resolving("model.safetensors"), 1, hub::tellTruth);
        hub.on(FakeHub.bytes(), 2, hub::tellTruth);
        // The signed URL expires, and by then the hub has another file.
        hub.always(signed("model.safetensors"),
                (_, wire) -> wire.head(403).body(new byte[0]));
        hub.always(FakeHub.resolving("model.safetensors"),
                (_, wire) -> wire.head(302, "Location: " + hub.otherHost() + "/signed/model.safetensors",
                        "X-Linked-Etag: \"" + "b".repeat(64) + "\"").body(new byte[0]));
        assertThatThrownBy(this::download)
                .hasMessageContaining("model.safetensors changed on the hub while it was")
                .hasMessageContaining("b".repeat(64) + " (expected: " + FakeHub.digest(large()));
        assertNotUnderItsFinalName("model.safetensors");
    }

    @Test
    void requestsANewUrlWhenASignedOneExpires() throws IOException {
        hub.on(FakeHub.bytes(), 2, hub::tellTruth);
        hub.on(FakeHub.bytes(), 1, (_, wire) -> wire.head(403).body(new byte[0]));
        download();
        assertWhole(snapshot());
    }

    @Test
    void acceptsTheWholeFileFromAServerThatIgnoresRanges() throws IOException {
        hub.withRanges = false;
        download();
        assertWhole(snapshot());
        assertThat(hub.asked(signed("model.safetensors"))).isOne();
        assertThat(bytes.get()).isEqualTo(305_002);
    }

    @Test
    void retriesWithAServerThatIgnoresRangesAndDisconnects() throws IOException {
        hub.withRanges = false;
        hub.on(signed("model.safetensors"), 2, (_, wire) -> {
            wire.head(200, "Content-Length: " + large().length).raw(Arrays.copyOf(large(), 200_000));
            wire.end();
        });
        download();
        assertWhole(snapshot());
        assertThat(bytes.get()).isEqualTo(305_002);
    }

    @Test
    void waitsAsLongAsABusyHubAsks() throws IOException {
        hub.on(FakeHub.Request::isListing, 1,
                (_, wire) -> wire.head(429, "Retry-After: 1").body(new byte[0]));
        long start = System.nanoTime();
        download();
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isGreaterThan(Duration.ofMillis(990));
        assertThat(said)
                .anyMatch(line -> line.contains("answers 429 for revision main; trying again in 1 s"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"Retry-After: 3600", "RateLimit: \"api\";r=0;t=3600", "date"})
    void doesNotWaitForAnHour(String header) {
        String asked = header.equals("date")
                ? "Retry-After: " + ZonedDateTime.now(ZoneOffset.UTC).plusSeconds(3602)
                        .format(DateTimeFormatter.RFC_1123_DATE_TIME)
                : header;
        hub.always(FakeHub.Request::isListing, (_, wire) -> wire.head(503, asked).body(new byte[0]));
        assertThatThrownBy(this::download)
                .hasMessageContaining("answers 503 for revision main, and asks for a wait of 360")
                .hasMessageEndingWith("the same call goes on from there");
        assertThat(hub.requests).hasSize(1);
    }

    @Test
    void givesUpOnAHubThatStaysBusy() {
        hub.always(FakeHub.resolving("config.json"), (_, wire) -> wire.head(503).body(new byte[0]));
        assertThatThrownBy(this::download)
                .hasMessageContaining("answers 503 for config.json, 4 times in a row");
        assertThat(hub.asked(FakeHub.resolving("config.json"))).isEqualTo(4);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
            "401 | GatedRepo | its authors ask for consent first (status 401: words): accept the licence at",
            "403 | GatedRepo | then call again with a token in HF_TOKEN", //
            "403 |           | refuses revision main (status 403: words)",
            "404 | RevisionNotFound | there is no revision main on the hub",
            "404 | RepoNotFound | there is no such model at", //
            "401 | RepoNotFound | or a token in HF_TOKEN is needed", //
            "418 |           | answers 418 for revision main: words"})
    void saysWhyTheHubRefuses(int status, String code, String message) {
        hub.always(FakeHub.Request::isListing,
                (_, wire) -> wire
                        .head(status, "X-Error-Code: " + (code == null ? "" : code), "X-Error-Message: words")
                        .body(new byte[0]));
        assertThatThrownBy(this::download).isInstanceOf(HubException.class)
                .hasMessageStartingWith("some/model: ")
                .hasMessageContaining(message);
        assertThat(hub.requests).hasSize(1);
    }

    @Test
    void saysHowToGetAccessToAGatedFile() {
        environment.put("HF_TOKEN", "hf_secret");
        hub.always(FakeHub.resolving("model.safetensors"),
                (_, wire) -> wire.head(403, "X-Error-Code: GatedRepo").body(new byte[0]));
        assertThatThrownBy(this::download).hasMessageContaining("accept the licence at " + hub.endpoint()
                + "/some/model, then call again with a token of that account in HF_TOKEN")
                .hasMessageNotContaining("hf_secret");
    }

    @Test
    void sendsTheTokenOnlyToTheHub() throws IOException {
        environment.put("HF_TOKEN", "hf_secret");
        download();
        assertThat(hub.requests).filteredOn(FakeHub.Request::atHub).isNotEmpty()
                .allMatch(request -> request.header("Authorization").equals("Bearer hf_secret"));
        assertThat(hub.requests).filteredOn(request -> !request.atHub()).isNotEmpty()
                .allMatch(request -> request.header("Authorization").isEmpty());
    }

    @Test
    void keepsSignaturesOutOfMessages() {
        hub.always(FakeHub.bytes(), (_, wire) -> wire.head(500).body(new byte[0]));
        assertThatThrownBy(this::download).hasMessageContaining("answers 500")
                .hasMessageNotContaining("secret");
        assertThat(said).noneMatch(line -> line.contains("secret"));
    }

    @Test
    void givesUpOnALoopOfRedirects() {
        hub.always(FakeHub.resolving("config.json"), (request, wire) -> wire
                .head(302, "Location: " + request.target().replace("?a", "") + "?a").body(new byte[0]));
        assertThatThrownBy(this::download)
                .hasMessageContaining("more than 10 redirects, the last to 127.0.0.1:");
        assertThat(hub.asked(FakeHub.resolving("config.json"))).isEqualTo(11);
    }

    @ParameterizedTest
    @ValueSource(strings = {"file:///etc/passwd", "http://", "ftp://127.0.0.1/x", "ht tp://x y", "mailto:a"})
    void rejectsARedirectToAnInvalidAddress(String location) {
        hub.always(FakeHub.resolving("config.json"),
                (_, wire) -> wire.head(302, "Location: " + location).body(new byte[0]));
        assertThatThrownBy(this::download).isInstanceOf(HubException.class)
                .hasMessageContaining("redirects to an invalid address (status 302)");
    }

    @Test
    void followsARenamedModel() throws IOException {
        hub.on(FakeHub.Request::isListing, 1,
                (_, wire) -> wire.head(307, "Location: /api/models/some/model/revision/main?blobs=true")
                        .body(new byte[0]));
        download();
        assertWhole(snapshot());
    }

    @Test
    void givesUpOnAConnectionThatStalls() throws IOException {
        hub.on(signed("tokenizer.json"), 1, (_, wire) -> {
            wire.head(200, "Content-Length: 5000").raw(new byte[0]);
            Thread.sleep(10_000);
        });
        hub.on(FakeHub.resolving("config.json"), 1, (_, wire) -> Thread.sleep(10_000));
        download(request(null), IMPATIENT);
        assertWhole(snapshot());
        assertThat(said).anyMatch(line -> line.contains("has all but stopped sending"))
                .anyMatch(line -> line.contains("gave no answer within"));
    }

    @Test
    void givesUpOnAConnectionThatTrickles() throws IOException {
        hub.on(signed("tokenizer.json"), 1, (_, wire) -> {
            wire.head(200, "Content-Length: 5000").raw(new byte[0]);
            for (int i = 0; i < 1_000; i++) {
                wire.more(new byte[]{hub.files.get("tokenizer.json")[i]});
                Thread.sleep(10);
            }
        });
        download(request(null), IMPATIENT);
        assertWhole(snapshot());
        assertThat(said).anyMatch(line -> line.contains("has all but stopped sending"));
    }

    @Test
    void limitsTheTimeOfTheWholeDownload() {
        hub.always(signed("tokenizer.json"), (_, wire) -> {
            wire.head(200, "Content-Length: 5000").raw(new byte[0]);
            for (int i = 0; i < 4_000; i++) {
                wire.more(new byte[1]);
                Thread.sleep(10);
            }
        });
        long start = System.nanoTime();
        assertThatThrownBy(
                () -> download(request(null), QUICK.withTotal(Optional.of(Duration.ofSeconds(1)))))
                .hasMessage("not done within 1 s; what came so far is kept,"
                        + " and the same call goes on from there");
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(30));
    }

    @Test
    void readsABodyThatIsCompressedAgainstTheRequest() throws IOException {
        hub.always(
                request -> request.path().endsWith("tokenizer.json") && !request.atHub()
                        || request.isListing(),
                (request, wire) -> {
                    ByteArrayOutputStream plain = new ByteArrayOutputStream();
                    FakeHub.Wire inner = hub.new Wire(plain);
                    hub.tellTruth(request, inner);
                    byte[] answer = plain.toByteArray();
                    int body = new String(answer, StandardCharsets.ISO_8859_1)
                            .indexOf("\r\n\r\n") + 4;
                    ByteArrayOutputStream packed = new ByteArrayOutputStream();
                    try (GZIPOutputStream gzip = new GZIPOutputStream(packed)) {
                        gzip.write(answer, body, answer.length - body);
                    }
                    wire.head(200, "Content-Encoding: gzip").body(packed.toByteArray());
                });
        download();
        assertWhole(snapshot());
        assertThat(hub.requests).allMatch(request -> request.header("Accept-Encoding").equals("identity"));
    }

    /** The response to a HEAD request announces an encoding but has no body. */
    @Test
    void readsNoBodyOfAHeadResponse() throws IOException {
        hub.withBlobs = false;
        hub.always(request -> request.method().equals("HEAD") && request.path().endsWith("tokenizer.json"),
                (_, wire) -> wire.head(200, "Content-Encoding: gzip", "X-Linked-Size: 5000",
                        "ETag: W/\"" + FakeHub.digest(hub.files.get("tokenizer.json")) + "\"").body(null));
        download();
        assertWhole(snapshot());
        assertThat(said).noneMatch(line -> line.contains("trying again"));
    }

    @Test
    void rejectsAnUnsupportedEncoding() {
        hub.always(FakeHub.resolving("config.json"),
                (_, wire) -> wire.head(200, "Content-Encoding: br").body(new byte[2]));
        assertThatThrownBy(() -> download(request(null), NO_RETRIES))
                .hasMessageContaining("a body in the encoding br");
    }

    @ParameterizedTest
    @ValueSource(strings = {"../config.json", "a/../../b", "/etc/passwd", "..\\config.json", "C:/x", "a\0b",
            "a//b",
            "./a", "", "dir/NUL", "com1.json", "a\nb"})
    void rejectsAListingWithAHostileName(String name) {
        hub.always(FakeHub.Request::isListing, (_, wire) -> wire.head(200)
                .body(("{\"sha\":\"" + FakeHub.COMMIT + "\",\"siblings\":[{\"rfilename\":\"" + name
                        .replace("\\", "\\\\").replace("\0", "\\u0000").replace("\n", "\\n") + "\"}]}")
                        .getBytes(StandardCharsets.UTF_8)));
        assertThatThrownBy(this::download).isInstanceOf(HubException.class).hasMessageStartingWith(
                "the hub lists a file named \"" + HubFiles.printable(name) + "\": refused, as ");
        assertThat(cache).doesNotExist();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "[]", "{", "{\"sha\":\"../../x\",\"siblings\":[]}", "{\"siblings\":[]}",
            "{\"sha\":\"0123456789abcdef0123456789abcdef01234567\"}",
            "{\"sha\":\"0123456789abcdef0123456789abcdef01234567\",\"siblings\":[1]}",
            "{\"sha\":\"0123456789abcdef0123456789abcdef01234567\",\"siblings\":[{}]}",
            "{\"sha\":\"0123456789abcdef0123456789abcdef01234567\",\"siblings\":[{\"rfilename\":\"a\","
                    + "\"size\":-1}]}",
            "{\"sha\":\"0123456789abcdef0123456789abcdef01234567\",\"siblings\":[{\"rfilename\":\"a\","
                    + "\"size\":99999999999999999999}]}",
            "<html>"})
    void rejectsAnInvalidListing(String answer) {
        hub.always(FakeHub.Request::isListing,
                (_, wire) -> wire.head(200).body(answer.getBytes(StandardCharsets.UTF_8)));
        assertThatThrownBy(this::download).isInstanceOf(HubException.class)
                .hasMessageStartingWith(hub.endpoint() + "/some/model: ")
                .hasMessageContaining("list of files");
    }

    @Test
    void rejectsAListingWithADuplicateFile() {
        hub.always(FakeHub.Request::isListing, (_, wire) -> wire.head(200).body(("{\"sha\":\""
                + FakeHub.COMMIT
                + "\",\"siblings\":[{\"rfilename\":\"config.json\"},{\"rfilename\":\"config.json\"}]}")
                .getBytes(StandardCharsets.UTF_8)));
        assertThatThrownBy(this::download).hasMessageEndingWith("/some/model: lists config.json twice");
    }

    /** The digest beside "lfs" is that of the pointer file. */
    @Test
    void requestsTheHeadersOfAFileInLfsWithoutADigest() throws IOException {
        hub.on(FakeHub.Request::isListing, 1, (_, wire) -> wire.head(200).body(("{\"sha\":\"" + FakeHub.COMMIT
                + "\",\"siblings\":[{\"rfilename\":\"config.json\"},{\"rfilename\":\"tokenizer.json\"},"
                + "{\"rfilename\":\"model.safetensors\",\"size\":300000,\"blobId\":\"" + "a".repeat(40)
                + "\",\"lfs\":{\"size\":300000}}]}").getBytes(StandardCharsets.UTF_8)));
        download();
        assertWhole(snapshot());
    }

    @Test
    void checksTheFreeSpaceBeforeFetching() {
        hub.always(FakeHub.Request::isListing, (_, wire) -> wire.head(200).body(("{\"sha\":\""
                + FakeHub.COMMIT
                + "\",\"siblings\":[{\"rfilename\":\"config.json\",\"size\":2,\"blobId\":\"" + "c".repeat(40)
                + "\"},{\"rfilename\":\"tokenizer.json\",\"size\":2,\"blobId\":\"" + "d".repeat(40)
                + "\"},{\"rfilename\":\"model.safetensors\",\"size\":900000000000000000,"
                + "\"lfs\":{\"sha256\":\"" + "e".repeat(64) + "\"}}]}").getBytes(StandardCharsets.UTF_8)));
        assertThatThrownBy(this::download).isInstanceOf(HubException.class)
                .hasMessageContaining("900000000.00 GB are to be fetched")
                .hasMessageContaining("free on that disk");
        assertThat(hub.requests).hasSize(1);
    }

    @Test
    void saysThatTheDiskIsFull() throws IOException {
        Path full = Path.of("/dev/full");
        assumeTrue(Files.exists(full), "only Linux has such a device");
        Files.createDirectories(model().resolve("blobs"));
        Path part = Files.createSymbolicLink(
                model().resolve("blobs/" + FakeHub.digest(large()) + ".bgem3.incomplete"), full);
        assertThatThrownBy(this::download).isInstanceOf(HubException.class)
                .hasMessageContaining(".bgem3.incomplete: No space left on device");
        assertNotUnderItsFinalName("model.safetensors");
        Files.delete(part);
    }

    @Test
    void saysThatTheCacheCannotBeWritten() throws IOException {
        Files.writeString(cache, "a file");
        assertThatThrownBy(this::download).isInstanceOf(HubException.class)
                .hasMessageStartingWith(cache.toString());
    }

    @Test
    void givesUpSoonWithoutANetwork() throws IOException {
        hub.close();
        assertThatThrownBy(this::download).isInstanceOf(HubException.class)
                .hasMessageContaining("127.0.0.1").hasMessageContaining("cannot be reached")
                .hasMessageEndingWith(", 3 times in a row (HF_ENDPOINT names a mirror, https_proxy a proxy;"
                        + " --offline asks nobody)");
    }

    private static Predicate<FakeHub.Request> signed(String file) {
        return request -> request.path().endsWith("signed/" + file);
    }

    private byte[] part(FakeHub.Request request) {
        String[] ends = range(request).split("-");
        return Arrays.copyOfRange(content(request), Integer.parseInt(ends[0]), Integer.parseInt(ends[1]) + 1);
    }

    private String contentRange(FakeHub.Request request) {
        return "Content-Range: bytes " + range(request) + "/" + content(request).length;
    }

    private String range(FakeHub.Request request) {
        String range = request.header("Range");
        return range.isEmpty() ? "0-" + (content(request).length - 1) : range.substring("bytes=".length());
    }

    private byte[] content(FakeHub.Request request) {
        return hub.files.get(request.path().replaceFirst("^/signed/", ""));
    }
}
