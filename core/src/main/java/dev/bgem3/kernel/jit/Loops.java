package dev.bgem3.kernel.jit;

import dev.bgem3.asm.x64.Assembler;
import dev.bgem3.asm.x64.Condition;
import dev.bgem3.asm.x64.Gpr;
import dev.bgem3.asm.Label;

/** The loops that every row-wise kernel has. */
final class Loops {
    private Loops() {}

    /**
     * {@code at} goes from {@code start} over {@code full} vectors, which may be 0, and is left behind them.
     *
     * @param count
     *            scratch
     */
    static void overVectors(Assembler code, Gpr start, Gpr at, Gpr full, Gpr count, Runnable body) {
        overVectors(code, start, at, full, count, VectorCode.BYTES, body);
    }

    /** {@link #overVectors(Assembler, Gpr, Gpr, Gpr, Gpr, Runnable)} of any width. */
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

    /** Runs the body {@code count} times, which is at least 1; {@code count} is 0 then. */
    static void count(Assembler code, Gpr count, Runnable body) {
        Label again = code.label("again");
        body.run();
        code.dec(count);
        code.jump(Condition.NOT_EQUAL, again);
    }
}
