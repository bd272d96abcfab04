package dev.bgem3.testsupport;

import java.util.Random;

/** Seeds of random tests: printed, and set by {@code -Dbgem3.seed=N} to repeat a run. */
public final class Seeds {
    private Seeds() {}

    /** A seed; {@code what} says in the output whose it is. */
    public static long seed(String what) {
        long seed = Long.getLong("bgem3.seed", new Random().nextLong());
        System.out.println(what + ": -Dbgem3.seed=" + seed);
        return seed;
    }

    /** A random source for a test. */
    public static Random random(Class<?> test) {
        return new Random(seed(test.getSimpleName()));
    }
}
