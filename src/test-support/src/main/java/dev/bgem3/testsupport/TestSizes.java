package dev.bgem3.testsupport;

/**
 * How much long tests do. By default they keep every kind of check and few repetitions of it, so that the
 * build takes minutes; {@code -Dbgem3.test.full=true}, which {@code mvn -Pfull} sets, has them do all.
 */
public final class TestSizes {
    private static final boolean FULL = Boolean.getBoolean("bgem3.test.full");

    private TestSizes() {}

    /** The number of repetitions, inputs or the like: {@code few} in a plain build. */
    public static int pick(int few, int full) {
        return FULL ? full : few;
    }

    /** The same for what is no number, such as the sizes to try. */
    public static <T> T pick(T few, T full) {
        return FULL ? full : few;
    }
}
