package dev.bgem3;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bgem3.error.BgeM3Exception;
import dev.bgem3.error.ModelException;
import dev.bgem3.error.NonFiniteOutputException;
import dev.bgem3.testsupport.Bounded;
import dev.bgem3.testsupport.Seeds;
import dev.bgem3.testsupport.TestSizes;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Truncates and flips bits of each file in each layout: either the folder is refused with the project's own
 * exception, or the model works and its numbers are finite or reported as not finite. There is never another
 * exception, a hang or a crash.
 */
class DamagedFolderFuzzTest {
    private static final int CUTS = TestSizes.pick(4, 30);
    /** How many bytes at both ends of a file are each a place of a cut. */
    private static final int EDGE = TestSizes.pick(2, 9);
    private static final int FLIPPED = TestSizes.pick(10, 60);
    /** The size of the regions at both ends that contain headers and directories. */
    private static final int ENDS = 3000;

    @TempDir
    private Path temporary;

    private Random random;
    private String seed;

    static Stream<Path> filesOfTheFixtures() {
        return BadFolderTest.filesOfTheFixtures();
    }

    @ParameterizedTest
    @MethodSource("filesOfTheFixtures")
    void survivesATruncatedFile(Path file) throws IOException {
        start("cut " + file);
        Path damaged = prepare(file);
        byte[] whole = Files.readAllBytes(file);
        SortedSet<Integer> lengths = new TreeSet<>();
        for (int i = 0; i < EDGE; i++) {
            lengths.add(i);
            lengths.add(Math.max(0, whole.length - 1 - i));
        }
        while (lengths.size() < CUTS + 2 * EDGE) {
            lengths.add(random.nextInt(whole.length));
        }
        for (int length : lengths) {
            Files.write(damaged, Arrays.copyOf(whole, length));
            boolean loaded = survives(damaged.getParent(), seed + ", length " + length);
            String name = file.getFileName().toString();
            if (name.endsWith(".bin") || name.endsWith(".pt") || name.endsWith(".safetensors")) {
                assertThat(loaded).as("%s, length %d: loaded", seed, length).isFalse();
            }
        }
    }

    @ParameterizedTest
    @MethodSource("filesOfTheFixtures")
    void survivesFlippedBits(Path file) throws IOException {
        start("flipped " + file);
        Path damaged = prepare(file);
        byte[] whole = Files.readAllBytes(file);
        for (int i = 0; i < FLIPPED; i++) {
            byte[] bytes = whole.clone();
            StringBuilder flips = new StringBuilder();
            for (int flip = 1 + random.nextInt(3); flip > 0; flip--) {
                int place = switch (random.nextInt(3)) {
                    case 0 -> random.nextInt(Math.min(ENDS, bytes.length));
                    case 1 -> bytes.length - 1 - random.nextInt(Math.min(ENDS, bytes.length));
                    default -> random.nextInt(bytes.length);
                };
                int bit = random.nextInt(8);
                bytes[place] ^= (byte) (1 << bit);
                flips.append(", byte ").append(place).append(" bit ").append(bit);
            }
            Files.write(damaged, bytes);
            survives(damaged.getParent(), seed + flips);
        }
    }

    private void start(String what) {
        long number = Seeds.seed(what);
        seed = "-Dbgem3.seed=" + number;
        random = new Random(number);
    }

    /** Copies the other files of the folder and returns the path for the damaged one. */
    private Path prepare(Path file) throws IOException {
        try (Stream<Path> others = Files.list(file.getParent())) {
            for (Path other : others.filter(one -> !one.equals(file)).toList()) {
                Files.copy(other, temporary.resolve(other.getFileName()));
            }
        }
        return temporary.resolve(file.getFileName());
    }

    /** Returns whether the model could be loaded. */
    private static boolean survives(Path folder, String what) {
        return Bounded.call(() -> what, Bounded.loading(sizeOf(folder)), () -> {
            try (BgeM3 model = BgeM3.load(folder, LoadOptions.builder().threads(1).build())) {
                encode(model, what);
                return true;
            } catch (BgeM3Exception e) {
                assertThat(e).as(what).isInstanceOf(ModelException.class);
                assertThat(e.getMessage()).as(what).contains(folder.toString());
                return false;
            } catch (RuntimeException e) {
                throw new AssertionError(what, e);
            }
        });
    }

    private static long sizeOf(Path folder) {
        try (Stream<Path> files = Files.list(folder)) {
            return files.mapToLong(file -> file.toFile().length()).sum();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void encode(BgeM3 model, String what) {
        EncodeOptions options = model.info().outputs().size() == 3
                ? Embeddings.ALL
                : EncodeOptions.defaults();
        try {
            Embedding embedding = model.encode("What is BGE M3?", options);
            for (float value : embedding.dense().values()) {
                assertThat(value).as(what).isFinite();
            }
            if (embedding.has(Output.COLBERT)) {
                Embeddings.assertSound(what, embedding);
            }
        } catch (NonFiniteOutputException e) {
            assertThat(e.getMessage()).as(what).startsWith("text 0 (\"What is BGE M3?\"): ");
        }
    }
}
