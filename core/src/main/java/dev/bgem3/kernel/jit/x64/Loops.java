package dev.bgem3.kernel.jit.x64;

import dev.bgem3.asm.x64.Assembler;
import dev.bgem3.asm.x64.Condition;
import dev.bgem3.asm.x64.Gpr;
import dev.bgem3.asm.Label;

/** The loops of row-wise kernels. */
final class Loops {
    private Loops() {}

    /**
     * Runs the body for each of {@code full} vectors, which may be 0, with {@code at} at the vector; leaves
     * {@code at} behind the last.
     *
     * @param count
     *            scratch
     */
    static void overVectors(Assembler code, Gpr start, Gpr at, Gpr full, Gpr count, int vectorBytes,
            Runnable body) {
        Label done = new Label("vectors done");
        code.mov(at, start);
        code.mov(count, full);
        code.test(count, count);
        code.jump(Condition.EQUAL, done);
        Label again = code.label("next vector");
        body.run();
        code.add(at, vectorBytes);
        code.dec(count);
        code.jump(Condition.NOT_EQUAL, again);
        code.bind(done);
    }

    /** Runs the body {@code count} times, at least once, and leaves 0 in {@code count}. */
    static void count(Assembler code, Gpr count, Runnable body) {
        Label again = code.label("again");
        body.run();
        code.dec(count);
        code.jump(Condition.NOT_EQUAL, again);
    }
}
