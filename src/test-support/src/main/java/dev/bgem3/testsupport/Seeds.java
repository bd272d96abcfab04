package dev.bgem3.testsupport;

import java.util.Random;

/** Creates and prints seeds for random tests; {@code -Dbgem3.seed=N} sets the seed to repeat a run. */
public final class Seeds {
    private Seeds() {}

    /** Returns a seed and prints it with {@code what}, which names its user. */
    public static long seed(String what) {
        long seed = Long.getLong("bgem3.seed", new Random().nextLong());
        System.out.println(what + ": -Dbgem3.seed=" + seed);
        return seed;
    }

    /** Returns a random source for a test. */
    public static Random random(Class<?> test) {
        return new Random(seed(test.getSimpleName()));
    }
}
