package dev.bgem3.kernel.jit.x64;

import dev.bgem3.asm.x64.Assembler;
import dev.bgem3.asm.x64.Condition;
import dev.bgem3.asm.x64.Gpr;
import dev.bgem3.asm.Label;

/** The loops of row-wise kernels. */
final class Loops {
    private Loops() {}

    /**
     * Emits a loop over {@code full} vectors, which may be 0, with {@code at} pointing to the vector;
     * afterwards {@code at} points past the last one.
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

    /** Emits a loop that runs {@code count} times, at least once, and leaves 0 in {@code count}. */
    static void count(Assembler code, Gpr count, Runnable body) {
        Label again = code.label("again");
        body.run();
        code.dec(count);
        code.jump(Condition.NOT_EQUAL, again);
    }
}
