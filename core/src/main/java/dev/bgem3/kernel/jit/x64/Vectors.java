package dev.bgem3.kernel.jit.x64;

import dev.bgem3.asm.x64.Assembler;
import dev.bgem3.asm.x64.Vec;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** The vectors of an instruction set, for kernels whose code is the same for either width. */
enum Vectors {
    /** 512 bits, and mask registers. */
    AVX512(Avx512VectorCode.LANES) {
        @Override
        VectorCode code(Assembler code) {
            return new Avx512VectorCode(code);
        }

        @Override
        int maskBytes() {
            return Integer.BYTES;
        }

        @Override
        void fillMask(MemorySegment block, long offsetBytes, int lanes) {
            block.set(ValueLayout.JAVA_INT, offsetBytes, Avx512VectorCode.maskOf(lanes));
        }
    },
    /** 256 bits; a mask is a vector of ones and zeros. */
    AVX2(Avx2VectorCode.LANES) {
        @Override
        VectorCode code(Assembler code) {
            return new Avx2VectorCode(code);
        }

        @Override
        int maskBytes() {
            return Avx2VectorCode.BYTES;
        }

        @Override
        void fillMask(MemorySegment block, long offsetBytes, int lanes) {
            Avx2VectorCode.fillMask(block, offsetBytes, lanes);
        }
    };

    /** The number of fp32 lanes in a vector. */
    final int lanes;
    /** The size of a vector in bytes. */
    final int bytes;

    Vectors(int lanes) {
        this.lanes = lanes;
        bytes = lanes * Float.BYTES;
    }

    /** Returns a register of this width. */
    Vec register(int number) {
        return new Vec(number, bytes);
    }

    /** Creates the instruction sequences for this width and adds their constants to the code. */
    abstract VectorCode code(Assembler code);

    /** Returns the size of a mask in an argument block. */
    abstract int maskBytes();

    /**
     * Writes a mask of the first lanes of a vector for {@link VectorCode#loadLastMask}.
     *
     * @param lanes
     *            1 to {@link #lanes}
     */
    abstract void fillMask(MemorySegment block, long offsetBytes, int lanes);
}
