package dev.bgem3.tokenizer;

import java.util.Random;

/** A random source whose seed is printed, and set by {@code -Dbgem3.seed=N}. */
final class Seeds {
    private Seeds() {}

    static Random random(Class<?> test) {
        long seed = Long.getLong("bgem3.seed", System.nanoTime());
        System.out.println(test.getSimpleName() + ": -Dbgem3.seed=" + seed);
        return new Random(seed);
    }
}
