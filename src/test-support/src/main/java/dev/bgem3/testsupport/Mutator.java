package dev.bgem3.testsupport;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;

/** Damages byte arrays at random for fuzz tests, with a seed that repeats a run. */
public final class Mutator {
    private static final byte[] AWKWARD = {0, 1, -1, 127, -128, '"', '{', '}', '[', ']', '\\', '-', '9', '(',
            '.', '\n'};

    private final Random random;

    private Mutator(Random random) {
        this.random = random;
    }

    /**
     * Runs {@code test} on {@code max} mutations of the seeds, or on a tenth of them where tests are
     * {@link TestSizes short}. The test must return within the limits of {@link Bounded} and catch the
     * exceptions that it allows; any other exception fails with the seed and the input in the message.
     * {@code -Dbgem3.seed} repeats a run.
     */
    public static void fuzz(String what, int max, List<byte[]> seeds, Consumer<byte[]> test) {
        int inputs = TestSizes.pick(max / 10, max);
        long seed = Seeds.seed(what + ": " + inputs + " mutations");
        Mutator mutator = new Mutator(new Random(seed));
        for (int i = 0; i < inputs; i++) {
            byte[] input = mutator.mutate(seeds.get(i % seeds.size()));
            int number = i;
            Bounded.call(() -> describe(what, seed, number, input), Bounded.reading(input.length), () -> {
                test.accept(input);
                return input;
            });
        }
    }

    private static String describe(String what, long seed, int i, byte[] input) {
        return what + ": -Dbgem3.seed=" + seed + ", input " + i + ": " + HexFormat.of().formatHex(input)
                + " = "
                + new String(input, StandardCharsets.ISO_8859_1);
    }

    private byte[] mutate(byte[] original) {
        byte[] bytes = original;
        for (int edits = 1 + random.nextInt(4); edits > 0; edits--) {
            bytes = edit(bytes);
        }
        return bytes;
    }

    private byte[] edit(byte[] bytes) {
        int from = random.nextInt(bytes.length + 1);
        int to = Math.min(bytes.length, from + 1 + random.nextInt(8));
        return switch (random.nextInt(7)) {
            case 0 -> replaced(bytes, from, to, new byte[0]);
            case 1 -> replaced(bytes, from, from, some(1 + random.nextInt(8)));
            case 2 -> replaced(bytes, from, to, some(to - from));
            case 3 -> replaced(bytes, from, from,
                    Arrays.copyOfRange(bytes, from, Math.min(bytes.length, from + 40)));
            case 4 -> random.nextInt(4) == 0 ? Arrays.copyOf(bytes, from) : flipped(bytes);
            case 5 -> digit(bytes, from);
            default -> flipped(bytes);
        };
    }

    private byte[] flipped(byte[] bytes) {
        byte[] result = bytes.clone();
        if (result.length > 0) {
            result[random.nextInt(result.length)] ^= (byte) (1 << random.nextInt(8));
        }
        return result;
    }

    /** Changes the first digit at or after {@code from}, so that numbers in text stay numbers. */
    private byte[] digit(byte[] bytes, int from) {
        byte[] result = bytes.clone();
        for (int i = from; i < result.length; i++) {
            if (result[i] >= '0' && result[i] <= '9') {
                result[i] = (byte) ('0' + random.nextInt(10));
                break;
            }
        }
        return result;
    }

    private byte[] some(int length) {
        byte[] result = new byte[length];
        for (int i = 0; i < length; i++) {
            result[i] = random.nextBoolean()
                    ? AWKWARD[random.nextInt(AWKWARD.length)]
                    : (byte) random.nextInt(256);
        }
        return result;
    }

    private static byte[] replaced(byte[] bytes, int from, int to, byte[] by) {
        byte[] result = new byte[bytes.length - (to - from) + by.length];
        System.arraycopy(bytes, 0, result, 0, from);
        System.arraycopy(by, 0, result, from, by.length);
        System.arraycopy(bytes, to, result, from + by.length, bytes.length - to);
        return result;
    }
}
