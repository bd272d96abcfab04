package dev.bgem3.browser;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.microsoft.playwright.Browser.NewContextOptions;
import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.Route.FulfillOptions;
import com.microsoft.playwright.options.AriaRole;
import com.microsoft.playwright.options.BoundingBox;
import com.microsoft.playwright.options.ColorScheme;
import com.microsoft.playwright.options.ReducedMotion;
import dev.bgem3.BgeM3;
import dev.bgem3.ColbertVectors;
import dev.bgem3.EncodeOptions;
import dev.bgem3.LexicalWeights;
import dev.bgem3.Output;
import dev.bgem3.app.command.Bgem3Command;
import dev.bgem3.app.command.Session;
import dev.bgem3.app.serve.ApiKey;
import dev.bgem3.app.serve.Identity;
import dev.bgem3.app.serve.ServeOptions;
import dev.bgem3.app.serve.ServedModel;
import dev.bgem3.app.serve.TextServer;
import dev.bgem3.app.stream.Streams;
import dev.bgem3.tokenizer.Encoding;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The page of the server, and the file that {@code explain} writes, in a real browser. */
class PageTest {
    private static final Path ROOT = Path.of(System.getProperty("bgem3.root"));
    private static final Path MINI = ROOT.resolve("models/bge-m3-mini");
    private static final String KEY = "a-key-of-the-test";
    private static final List<String> QUERIES = List.of("What is BGE M3?", "Defination of BM25");
    private static final List<String> PASSAGES = List.of(
            "BGE M3 is an embedding model supporting dense retrieval, lexical matching"
                    + " and multi-vector interaction.",
            "BM25 is a bag-of-words retrieval function that ranks a set of documents based on the query terms"
                    + " appearing in each document");
    private static final List<String> SCORES = List.of("dense", "sparse", "colbert", "sparse+dense",
            "colbert+sparse+dense");

    private static Chromium chromium;
    private static BgeM3 model;
    private static TextServer server;

    @BeforeAll
    static void start() {
        chromium = new Chromium();
        model = BgeM3.load(MINI);
        server = serve(Optional.empty());
    }

    @AfterAll
    static void stop() {
        if (model != null) {
            server.close();
            model.close();
            chromium.close();
        }
    }

    @AfterEach
    void closePages() {
        chromium.closePages();
    }

    private static TextServer serve(Optional<ApiKey> key) {
        return TextServer.start(new ServedModel.Encoder(model), new Identity("bge-m3-mini", "test"),
                new ServeOptions("127.0.0.1", 0, key, 512, OptionalInt.empty(), 32, 2_000_000, true,
                        Duration.ofSeconds(60), Duration.ofSeconds(10), false),
                new PrintStream(OutputStream.nullOutputStream()));
    }

    private static String url(TextServer of) {
        return "http://127.0.0.1:" + of.port() + "/";
    }

    private static JsonObject api(String path, JsonObject body) throws Exception {
        return JsonParser.parseString(HttpClient.newHttpClient()
                .send(HttpRequest.newBuilder(URI.create(url(server) + path))
                        .POST(BodyPublishers.ofString(body.toString())).build(), BodyHandlers.ofString())
                .body()).getAsJsonObject();
    }

    private static Page comparing(Page page, String query, List<String> passages) {
        page.navigate(url(server));
        page.getByLabel("Query", new Page.GetByLabelOptions().setExact(true)).fill(query);
        while (page.locator("#passages textarea").count() < passages.size()) {
            page.getByText("Add a passage").click();
        }
        while (page.locator("#passages textarea").count() > passages.size()) {
            page.getByLabel("Remove passage 1").click();
        }
        for (int i = 0; i < passages.size(); i++) {
            page.locator("#passage-" + (i + 1)).fill(passages.get(i));
        }
        page.getByText("Compare", new Page.GetByTextOptions().setExact(true)).click();
        assertThat(page.locator("#status")).containsText("Done in");
        return page;
    }

    private static List<Float> shown(Locator numbers) {
        List<Float> values = new ArrayList<>();
        for (Locator number : numbers.all()) {
            String value = number.getAttribute("value");
            // What people read is what programs read, rounded.
            assertThat(Double.parseDouble(number.textContent()))
                    .isEqualTo(Double.parseDouble(value), within(0.50001e-4));
            values.add((float) Double.parseDouble(value));
        }
        return values;
    }

    private static List<Float> shownScores(Page page, int passage) {
        return shown(page.locator("table.scores tr[data-passage='" + (passage + 1) + "'] data"));
    }

    /** The tokens of a passage, opened if they are not open. */
    private static Locator open(Page page, int passage) {
        Locator details = page.locator("#shown-" + (passage + 1));
        if (details.getAttribute("open") == null) {
            details.locator("summary").first().click();
        }
        assertThat(details.locator(".shaded").last()).isVisible();
        return details;
    }

    /** The passages' numbers in the order in which the page lists them. */
    private static List<String> order(Page page) {
        return page.locator(".passage h3").allTextContents().stream()
                .map(title -> title.replace("Passage ", "")).toList();
    }

    private static JsonArray score(String query, List<String> passages) throws Exception {
        JsonObject body = new JsonObject();
        body.addProperty("query", query);
        JsonArray texts = new JsonArray();
        passages.forEach(texts::add);
        body.add("passages", texts);
        return api("v1/score", body).getAsJsonArray("scores");
    }

    private static List<Float> apiScores(String query, int passage) throws Exception {
        JsonObject scores = score(query, PASSAGES).get(passage).getAsJsonObject();
        return SCORES.stream().map(name -> scores.get(name).getAsFloat()).toList();
    }

    /** The best column of each of the query's tokens, by the library's vectors. */
    private static List<Integer> bestMatches(String query, String passage) {
        ColbertVectors q = model.encode(query, EncodeOptions.of(Output.COLBERT)).colbert();
        ColbertVectors p = model.encode(passage, EncodeOptions.of(Output.COLBERT)).colbert();
        List<Integer> best = new ArrayList<>();
        for (int i = 0; i < q.rows(); i++) {
            int found = 0;
            double most = Double.NEGATIVE_INFINITY;
            for (int j = 0; j < p.rows(); j++) {
                float[] a = q.row(i);
                float[] b = p.row(j);
                double dot = 0;
                for (int d = 0; d < a.length; d++) {
                    dot += (double) a[d] * b[d];
                }
                if (dot > most) {
                    most = dot;
                    found = j;
                }
            }
            best.add(found);
        }
        return best;
    }

    private static void assertBestMatches(Locator within, String query, String passage) {
        List<Integer> expected = bestMatches(query, passage);
        List<Integer> marked = new ArrayList<>();
        for (Locator mark : within.locator("rect.best").all()) {
            assertThat(mark.getAttribute("data-row")).isEqualTo(String.valueOf(marked.size()));
            marked.add(Integer.valueOf(mark.getAttribute("data-column")));
        }
        assertThat(marked).isEqualTo(expected);
        assertThat(within.locator("table.best-matches tbody td:nth-of-type(2)").allTextContents())
                .isEqualTo(expected.stream().map(column -> String.valueOf(column + 1)).toList());
        float mean = shown(within.locator("table.best-matches tfoot data")).getFirst();
        assertThat(mean).isEqualTo(
                model.encode(query, EncodeOptions.of(Output.COLBERT)).colbert()
                        .score(model.encode(passage, EncodeOptions.of(Output.COLBERT)).colbert()),
                within(1e-5f));
    }

    private static void assertNoSidewaysScroll(Page page) {
        assertThat((Boolean) page.evaluate(
                "document.documentElement.scrollWidth <= document.documentElement.clientWidth")).isTrue();
    }

    @Test
    void showsTheNumbersOfTheApiForTheTutorialsSentences() throws Exception {
        for (String query : QUERIES) {
            Page page = comparing(chromium.open(), query, PASSAGES);
            for (int passage = 0; passage < PASSAGES.size(); passage++) {
                assertThat(shownScores(page, passage)).isEqualTo(apiScores(query, passage));
                Locator tokens = open(page, passage);
                assertBestMatches(tokens, query, PASSAGES.get(passage));
                Locator sum = tokens.locator("table.shared-tokens tfoot data");
                assertThat(sum.count() == 0 ? 0f : shown(sum).getFirst())
                        .isEqualTo(apiScores(query, passage).get(1), within(1e-6f));
            }
            Chromium.keep(page, "desktop-" + QUERIES.indexOf(query));
        }
        chromium.assertFaults();
    }

    @Test
    void shadesEachTokenByItsWeightWhereItStands() {
        // White space, a letter of two code units, letters that join, one that becomes several, and a word
        // without spaces.
        List<String> texts = List.of("  Naïve\n\tFüße 😀 BM25 BM25 ", "مرحبا بالعالم ½ ﷺ", "你好，世界。BM25 是什么？");
        Page page = comparing(chromium.open(), texts.getFirst(), texts.subList(1, 3));
        for (int passage = 0; passage < 2; passage++) {
            Locator tokens = open(page, passage);
            for (String text : List.of(texts.getFirst(), texts.get(passage + 1))) {
                Locator box = tokens.locator(".shaded").nth(text.equals(texts.getFirst()) ? 0 : 1);
                assertThat(box.textContent()).isEqualTo(text);
                Encoding encoding = model.tokenizer().encode(text);
                LexicalWeights weights = model.encode(text, EncodeOptions.of(Output.SPARSE)).lexicalWeights();
                List<String> expected = new ArrayList<>();
                for (int i = 1; i < encoding.length() - 1; i++) {
                    if (weights.weight(encoding.id(i)) > 0 && encoding.start(i) < encoding.end(i)) {
                        expected.add(text.substring(encoding.start(i), encoding.end(i)).strip());
                    }
                }
                List<String> shaded = box.locator(".token:not([data-weight='0'])").allTextContents();
                assertThat(String.join(" ", shaded)).contains(expected);
            }
        }
        chromium.assertFaults();
    }

    @Test
    void worksWithTheKeyboardAlone() {
        Page page = chromium.open();
        page.navigate(url(server));
        for (String link : List.of("docs", "openapi.json")) {
            page.keyboard().press("Tab");
            assertThat(page.locator("a[href='" + link + "']")).isFocused();
        }
        page.keyboard().press("Tab");
        assertThat(page.locator("#query")).isFocused();
        page.keyboard().press("ControlOrMeta+a");
        page.keyboard().type(QUERIES.getLast());
        page.keyboard().press("Tab"); // Remove passage 1
        assertThat(page.getByLabel("Remove passage 1")).isFocused();
        page.keyboard().press("Enter");
        assertThat(page.locator("#passage-1")).isFocused();
        assertThat(page.locator("#passage-1")).hasValue(PASSAGES.getLast());
        page.keyboard().press("Tab"); // Compare
        page.keyboard().press("Tab");
        assertThat(page.getByText("Add a passage")).isFocused();
        page.keyboard().press("Space");
        assertThat(page.locator("#passage-2")).isFocused();
        page.keyboard().type(PASSAGES.getFirst());
        page.keyboard().press("Control+Enter");
        assertThat(page.locator("#status")).containsText("Done in");

        // On to the pictures: the choice of an order, the table, the best passage, tables, and the heat map.
        List<String> reached = new ArrayList<>();
        for (int i = 0; i < 20 && reached.stream().noneMatch(name -> name.startsWith("Heat map")); i++) {
            page.keyboard().press("Tab");
            reached.add((String) page.evaluate(
                    "document.activeElement.getAttribute('aria-label') ?? document.activeElement.id"));
            boolean visible = (Boolean) page.evaluate(
                    "document.activeElement.matches(':focus-visible')"
                            + " && getComputedStyle(document.activeElement).outlineStyle !== 'none'");
            assertThat(visible).as("the focus shows on " + reached.getLast()).isTrue();
            if (reached.getLast().startsWith("order-")) {
                page.keyboard().press("ArrowUp");
                assertThat(page.locator("[id='order-sparse+dense']")).isChecked();
                assertThat(page.locator("[id='order-sparse+dense']")).isFocused();
            }
        }
        assertThat(reached).anyMatch(name -> name.startsWith("Heat map"))
                .contains("order-colbert+sparse+dense");
        assertThat(order(page)).containsExactly("1", "2");
        List<Integer> best = bestMatches(QUERIES.getLast(), PASSAGES.getLast());
        assertThat(page.locator("#shown-1 .readout")).containsText("the best match");
        page.keyboard().press("ArrowDown");
        page.keyboard().press("Home");
        assertThat(page.locator("#shown-1 .readout"))
                .containsText("Query “" + name(QUERIES.getLast(), 1) + "”, passage “"
                        + name(PASSAGES.getLast(), 0) + "”");
        for (int column = 0; column < best.get(1); column++) {
            page.keyboard().press("ArrowRight");
        }
        assertThat(page.locator("#shown-1 .readout")).containsText("the best match");

        page.locator("#shown-2 > summary").focus();
        page.keyboard().press("Enter");
        assertThat(page.locator("#shown-2 .heat-map")).isVisible();
        page.keyboard().press("Space");
        assertThat(page.locator("#shown-2 .heat-map")).isHidden();
        chromium.assertFaults();
    }

    /** A token but the first. */
    private static String name(String text, int row) {
        Encoding encoding = model.tokenizer().encode(text);
        return text.substring(encoding.start(row + 1), encoding.end(row + 1));
    }

    @Test
    void ordersThePassagesByTheChosenScoreAndOpensTheBest() throws Exception {
        List<String> passages = List.of("A recipe for soup.", PASSAGES.getFirst(), "BGE BGE BGE", "What?",
                PASSAGES.getLast());
        Page page = comparing(chromium.open(), QUERIES.getFirst(), passages);
        assertThat(page.getByLabel("all three").and(page.locator("input"))).isChecked();
        JsonArray scores = score(QUERIES.getFirst(), passages);
        Set<List<String>> orders = new HashSet<>();
        for (String name : SCORES.reversed()) {
            page.locator("[id='order-" + name + "']").check();
            List<String> expected = IntStream.range(0, passages.size()).boxed()
                    .sorted(Comparator.comparing(
                            (Integer i) -> scores.get(i).getAsJsonObject().get(name).getAsFloat()).reversed())
                    .map(i -> String.valueOf(i + 1)).toList();
            orders.add(expected);
            assertThat(order(page)).as(name).isEqualTo(expected);
            assertThat(page.locator("table.scores tbody tr").all().stream()
                    .map(row -> row.getAttribute("data-passage"))).as(name).isEqualTo(expected);
            assertThat(page.locator(".chart > div").first().locator(".bar-row > span:first-child")
                    .allTextContents()).as(name).isEqualTo(expected);
            assertThat(page.locator("th[aria-sort]")).hasCount(1);
            assertThat(page.locator(".passage[open]")).hasCount(1);
            assertThat(page.locator(".passage[open] h3")).hasText("Passage " + expected.getFirst());
            assertThat(page.locator(".passage[open] .shaded").last())
                    .hasText(passages.get(Integer.parseInt(expected.getFirst()) - 1));
            assertThat(shown(page.locator(".passage .chosen-score data"))).isEqualTo(expected.stream()
                    .map(number -> shownScores(page, Integer.parseInt(number) - 1).get(SCORES.indexOf(name)))
                    .toList());
        }
        assertThat(orders).as("the scores disagree, so that each order is a choice's").hasSizeGreaterThan(1);
        // The choice holds for the next comparison.
        assertThat(page.locator("#order-dense")).isChecked();
        page.getByText("Compare", new Page.GetByTextOptions().setExact(true)).click();
        assertThat(page.locator("#status")).containsText("Done in");
        assertThat(page.locator("#order-dense")).isChecked();
        chromium.assertFaults();
    }

    @Test
    void keepsThePassagesTextAtPhoneWidth() {
        Page page = chromium.open(new NewContextOptions().setViewportSize(360, 740));
        List<String> passages = List.of(PASSAGES.getFirst(), "Short.", "你好，世界。BM25 是什么？", "مرحبا بالعالم",
                "https://example.org/" + "averylongword".repeat(30));
        comparing(page, QUERIES.getFirst(), passages);
        for (int i = 0; i < passages.size(); i++) {
            Locator row = page.locator("table.scores tr[data-passage='" + (i + 1) + "']");
            for (Locator text : List.of(row.locator(".snippet"),
                    page.locator("#shown-" + (i + 1) + " .snippet"))) {
                assertThat(text).isVisible();
                assertThat(passages.get(i)).startsWith(text.textContent().replace("…", ""));
                assertThat(text.boundingBox().height).isGreaterThan(15);
                assertThat(text.boundingBox().x + text.boundingBox().width).isLessThanOrEqualTo(360);
                assertThat(
                        (Boolean) text.evaluate("node => parseFloat(getComputedStyle(node).fontSize) >= 12"))
                        .isTrue();
            }
            // Below its text, so that the text has the row's whole width.
            assertThat(row.locator("td").first().boundingBox().y)
                    .isGreaterThanOrEqualTo(
                            row.locator("th").boundingBox().y + row.locator("th").boundingBox().height);
            assertThat(row.locator(".snippet").boundingBox().width).isLessThanOrEqualTo(340);
        }
        assertThat(
                page.getByRole(AriaRole.ROWHEADER).filter(new Locator.FilterOptions().setHasText("Short.")))
                .isVisible();
        chromium.assertFaults();
    }

    @Test
    void keepsTheNamesOfTokensWhileTheHeatMapScrolls() {
        Page page = chromium.open(new NewContextOptions().setViewportSize(360, 500));
        comparing(page, "rank " + "retrieval of documents ".repeat(30), List.of(PASSAGES.getLast()));
        Locator map = page.locator(".heat-map");
        map.scrollIntoViewIfNeeded();
        assertThat((Boolean) map
                .evaluate("map => map.scrollWidth > map.clientWidth && map.scrollHeight > map.clientHeight"))
                .as("it scrolls both ways").isTrue();
        BoundingBox rows = map.locator(".row-names").boundingBox();
        BoundingBox columns = map.locator(".column-names").boundingBox();
        BoundingBox cells = map.locator(".cells").boundingBox();
        map.evaluate("map => map.scrollTo(100, 200)");
        assertThat(map.locator(".cells").boundingBox().x).isEqualTo(cells.x - 100);
        assertThat(map.locator(".cells").boundingBox().y).isEqualTo(cells.y - 200);
        assertThat(map.locator(".row-names").boundingBox().x).isEqualTo(rows.x);
        assertThat(map.locator(".row-names").boundingBox().y).isEqualTo(rows.y - 200);
        assertThat(map.locator(".column-names").boundingBox().y).isEqualTo(columns.y);
        assertThat(map.locator(".column-names").boundingBox().x).isEqualTo(columns.x - 100);
        // A name lies over the cells that scrolled beneath it.
        assertThat(map.evaluate("""
                map => {
                  const {x, y, width} = map.querySelector(".row-names").getBoundingClientRect();
                  const inside = map.querySelector(".column-names").getBoundingClientRect().bottom + 30;
                  const there = document.elementFromPoint(x + width / 2, inside);
                  return there.closest("svg").getAttribute("class");
                }""")).isEqualTo("row-names");

        // The keys keep their cell clear of the names.
        map.evaluate("map => map.scrollTo(0, 0)");
        map.focus();
        for (int i = 0; i < 12; i++) {
            page.keyboard().press("ArrowRight");
        }
        page.keyboard().press("Home");
        assertThat((Boolean) map.evaluate("""
                map => map.querySelector(".cursor").getBoundingClientRect().left
                  >= map.querySelector(".row-names").getBoundingClientRect().right""")).isTrue();
        chromium.assertFaults();
    }

    @Test
    void linksToDocumentationThatTheServerHas() throws Exception {
        Page page = chromium.open();
        page.navigate(url(server));
        List<Locator> links = page.locator("a").all();
        assertThat(links.stream().map(link -> link.getAttribute("href"))).containsExactly("docs",
                "openapi.json");
        for (Locator link : links) {
            URI target = URI.create(url(server)).resolve(link.getAttribute("href"));
            assertThat(HttpClient.newHttpClient()
                    .send(HttpRequest.newBuilder(target).build(), BodyHandlers.discarding()).statusCode())
                    .isEqualTo(200);
        }
        links.getFirst().click();
        assertThat(page.locator("h1")).hasText("The server");
        assertThat(page.locator("table").first()).isVisible();
        page.setViewportSize(360, 740);
        assertNoSidewaysScroll(page);
        Chromium.keep(page, "docs");
        page.getByText("Compare a query with passages").click();
        assertThat(page.locator("#query")).isVisible();
        chromium.assertFaults();
    }

    @Test
    void fitsAPhone() {
        Page page = chromium.open(new NewContextOptions().setViewportSize(360, 740).setIsMobile(true)
                .setHasTouch(true).setDeviceScaleFactor(2));
        page.navigate(url(server));
        assertNoSidewaysScroll(page);
        comparing(page, QUERIES.getFirst(),
                List.of(PASSAGES.getFirst(), "https://example.org/" + "averylongword".repeat(30)));
        assertNoSidewaysScroll(page);
        assertThat((Boolean) page.evaluate("""
                () => {
                  const box = document.querySelector("table.scores").parentElement;
                  return box.scrollWidth <= box.clientWidth;
                }""")).as("the scores are seen without scrolling").isTrue();
        Chromium.keep(page, "phone");
        open(page, 0);
        open(page, 1);
        page.locator(".passage details summary").all().forEach(Locator::click);
        page.setViewportSize(320, 600);
        assertNoSidewaysScroll(page);
        page.locator("rect.cell").first().tap();
        assertThat(page.locator(".readout").first()).containsText("Query “What”, passage “");
        chromium.assertFaults();
    }

    @ParameterizedTest
    @EnumSource(value = ColorScheme.class, names = {"LIGHT", "DARK"})
    void isLegibleInLightAndDark(ColorScheme scheme) {
        Page page = chromium.open(new NewContextOptions().setViewportSize(1100, 900).setColorScheme(scheme)
                .setReducedMotion(ReducedMotion.REDUCE));
        comparing(page, QUERIES.getFirst(), PASSAGES);
        int brightness = (Integer) page
                .evaluate("Number(getComputedStyle(document.body).backgroundColor.match(/\\d+/)[0])");
        assertThat(brightness < 128).isEqualTo(scheme == ColorScheme.DARK);
        page.locator("#query").fill("");
        page.keyboard().press("Control+Enter");
        assertThat(page.locator("#error")).isVisible();
        // WCAG 2.2, 1.4.3: 4.5 to 1 for text.
        for (String what : List.of("h1", ".hint", "#query", "button.primary", "#add", "#error", ".note",
                ".legend",
                "td data", "tbody .snippet", "summary .snippet", ".chosen-score", "a",
                ".token[data-weight='" + largestWeight(page) + "']", ".heat-map text",
                "#limits li")) {
            assertThat(contrast(page, what)).as(what).isGreaterThanOrEqualTo(4.5);
        }
        assertThat(page.evaluate("getComputedStyle(document.querySelector('.bar')).transitionDuration"))
                .isEqualTo("0s");
        if (scheme == ColorScheme.DARK) {
            comparing(page, QUERIES.getFirst(), PASSAGES);
            Chromium.keep(page, "dark");
        }
        chromium.assertFaults();
    }

    private static String largestWeight(Page page) {
        return page.locator(".token").all().stream().map(token -> token.getAttribute("data-weight"))
                .max(Comparator.comparing(Double::valueOf)).orElseThrow();
    }

    /** How far a text is from what it stands on: colours are painted, and so mixed as the browser does it. */
    private static double contrast(Page page, String selector) {
        return ((Number) page.evaluate("""
                selector => {
                  const node = document.querySelector(selector);
                  const canvas = document.createElement("canvas")
                      .getContext("2d", {willReadFrequently: true});
                  canvas.canvas.width = canvas.canvas.height = 1;
                  const paint = colour => {
                    canvas.fillStyle = colour;
                    canvas.fillRect(0, 0, 1, 1);
                  };
                  const grounds = [];
                  for (let at = node; at; at = at.parentElement) {
                    grounds.unshift(getComputedStyle(at).backgroundColor);
                  }
                  const luminance = () => {
                    const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].map(each => each / 255)
                      .map(each => each <= 0.04045 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4);
                    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
                  };
                  grounds.forEach(paint);
                  const ground = luminance();
                  const style = getComputedStyle(node);
                  paint(node instanceof SVGElement ? style.fill : style.color);
                  const text = luminance();
                  return (Math.max(ground, text) + 0.05) / (Math.min(ground, text) + 0.05);
                }""", selector)).doubleValue();
    }

    @Test
    void showsHostileTextAsText() {
        String hostile = "</script><img src=x onerror=alert(1)><b>bold</b> &lt; \u202e @data@ <!-- ${1}";
        Page page = comparing(chromium.open(), hostile, List.of(hostile, "plain"));
        assertThat(page.locator(".shaded").first().textContent()).isEqualTo(hostile);
        assertThat(page.locator("#picture img, #picture b").count()).isZero();
        chromium.assertFaults();
    }

    @Test
    void saysWhatItCuts() {
        String word = "retrieval of documents ";
        Page page = comparing(chromium.open(), "rank " + word.repeat(30), List.of(word.repeat(300), "short"));
        assertThat(page.locator("#status")).containsText("one text was too long and was cut");
        Locator tokens = open(page, 0);
        assertThat(tokens.getByText("the model read the first 512 of")).isVisible();
        assertThat(tokens.getByText("Drawn in part: 48 of the query's")).isVisible();
        assertThat(tokens.locator("rect.cell")).hasCount(48 * 160);
        assertThat(tokens.locator(".unread")).hasCount(1);
        assertThat(tokens.locator("table.best-matches tbody tr")).hasCount(48);
        assertNoSidewaysScroll(page);
        Chromium.keep(page, "long");
        page.locator("#passage-1").fill("x".repeat(50_001));
        page.keyboard().press("Control+Enter");
        assertThat(page.locator("#error"))
                .containsText("Passage 1 has 50,001 characters, and this page takes 50,000.");
        chromium.assertFaults();
    }

    @Test
    void refusesWhatIsMissingAndGoesThere() {
        Page page = chromium.open();
        page.navigate(url(server));
        page.locator("#query").fill(" ");
        page.getByText("Compare", new Page.GetByTextOptions().setExact(true)).click();
        assertThat(page.locator("#error")).hasText("The query is empty.");
        assertThat(page.locator("#query")).isFocused();
        page.locator("#query").fill("q");
        page.locator("#passage-1").fill("");
        page.locator("#passage-2").fill("");
        page.keyboard().press("Control+Enter");
        assertThat(page.locator("#error")).hasText("There is no passage to compare with.");
        assertThat(page.locator("#passage-1")).isFocused();
        Chromium.keep(page, "error");
        page.locator("#passage-2").fill("p");
        page.keyboard().press("Control+Enter");
        assertThat(page.locator("#error")).isHidden();
        // The empty one is gone, so that numbers are those of the fields.
        assertThat(page.locator("#passages textarea")).hasCount(1);
        for (int i = 1; i < 8; i++) {
            page.getByText("Add a passage").click();
        }
        assertThat(page.getByText("Add a passage")).isDisabled();
        chromium.assertFaults();
    }

    @Test
    void asksForTheKey() {
        try (TextServer locked = serve(Optional.of(new ApiKey(KEY)))) {
            Page page = chromium.open();
            page.navigate(url(locked));
            page.getByText("Compare", new Page.GetByTextOptions().setExact(true)).click();
            assertThat(page.locator("#error")).hasText("This server needs its API key.");
            assertThat(page.locator("#key")).isFocused();
            page.keyboard().type("wrong");
            page.keyboard().press("Enter");
            assertThat(page.locator("#error")).hasText("The server rejects this API key.");
            page.locator("#key").fill(KEY);
            page.keyboard().press("Enter");
            assertThat(page.locator("#status")).containsText("Done in");
            assertThat(page.locator("#error")).isHidden();
            // The browser itself notes the two refusals.
            chromium.assertFaults("401", "401");
        }
    }

    @Test
    void saysThatTheServerIsGone() {
        Page page = chromium.open();
        try (TextServer other = serve(Optional.empty())) {
            page.navigate(url(other));
            assertThat(page.locator("#about")).containsText("bge-m3-mini");
        }
        page.getByText("Compare", new Page.GetByTextOptions().setExact(true)).click();
        assertThat(page.locator("#error")).containsText("The server cannot be reached.");
    }

    @Test
    void drawsWhatAModelWithoutHeadsHas() {
        Page page = chromium.open();
        // As the server tells it of such a model.
        page.route("**/info", route -> {
            JsonObject info = JsonParser.parseString(route.fetch().text()).getAsJsonObject();
            JsonArray outputs = new JsonArray();
            outputs.add("dense");
            info.add("outputs", outputs);
            route.fulfill(new FulfillOptions().setContentType("application/json").setBody(info.toString()));
        });
        comparing(page, QUERIES.getFirst(), PASSAGES);
        assertThat(page.locator("table.scores thead th").allTextContents()).containsExactly("Passage",
                "dense");
        float dense = model.encode(QUERIES.getFirst()).dense().dot(model.encode(PASSAGES.getFirst()).dense());
        assertThat(shownScores(page, 0).getFirst()).isEqualTo(dense, within(1e-6f));
        assertThat(page.locator(".lexical, .alignment").count()).isZero();
        assertThat(page.locator(".passage[open] .shaded")).hasText(PASSAGES.getFirst());
        assertThat(page.locator("#limits"))
                .containsText("This model has no lexical weights and no ColBERT vectors");
        chromium.assertFaults();
    }

    @Test
    void refusesAModelWithoutEmbeddings() {
        Page page = chromium.open();
        page.route("**/info", route -> route.fulfill(new FulfillOptions().setContentType("application/json")
                .setBody("{\"model_id\":\"a-reranker\",\"model_type\":{\"reranker\":{}}}")));
        page.navigate(url(server));
        assertThat(page.locator("#error")).containsText("a-reranker computes no embeddings");
        chromium.assertFaults();
    }

    @Test
    void theFileOfExplainShowsTheSame(@TempDir Path folder) throws Exception {
        String hostile = "</script><script>alert(1)</script><img src=x onerror=alert(1)> @scripts@ \u2028";
        Path file = folder.resolve("page.html");
        explain(file, QUERIES.getFirst(), PASSAGES.getFirst(), PASSAGES.getLast(), hostile);
        Page page = chromium.open();
        List<String> requests = new ArrayList<>();
        page.onRequest(request -> requests.add(request.url()));
        page.navigate(file.toUri().toString());
        for (int passage = 0; passage < PASSAGES.size(); passage++) {
            assertThat(shownScores(page, passage)).isEqualTo(apiScores(QUERIES.getFirst(), passage));
            assertBestMatches(open(page, passage), QUERIES.getFirst(), PASSAGES.get(passage));
        }
        assertThat(open(page, 2).locator(".shaded").last().textContent()).isEqualTo(hostile);
        assertThat(requests).containsExactly(file.toUri().toString());
        chromium.assertFaults();
        Chromium.keep(page, "explain");
    }

    private static void explain(Path file, String query, String... passages) {
        List<String> words = new ArrayList<>(
                List.of("explain", "--model", MINI.toString(), "--output", file.toString(), "--query",
                        query));
        for (String passage : passages) {
            words.addAll(List.of("--passage", passage));
        }
        Session session = new Session(
                new Streams(InputStream.nullInputStream(), OutputStream.nullOutputStream(), System.err,
                        Optional.empty()),
                Map.of(), Optional.of(ROOT));
        assertThat(Bgem3Command.run(session, words.toArray(String[]::new))).isZero();
    }
}
