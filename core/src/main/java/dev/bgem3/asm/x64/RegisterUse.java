package dev.bgem3.asm.x64;

import java.util.BitSet;
import java.util.EnumSet;
import java.util.Set;

/** Records which registers a piece of code uses, so that {@link Abi} can save them. */
final class RegisterUse {
    private final Set<Gpr> gprs = EnumSet.noneOf(Gpr.class);
    private final BitSet vectors = new BitSet();
    private boolean wide;

    void add(Operand operand) {
        // No switch over types: Java links each of them again in every process, which takes milliseconds.
        if (operand instanceof Vec vec) {
            vectors.set(vec.number());
            wide |= vec.widthBytes() > 16;
        } else if (operand instanceof Gpr gpr) {
            gprs.add(gpr);
        } else if (operand instanceof Mem mem) {
            if (mem.base() != null) {
                gprs.add(mem.base());
            }
            if (mem.index() != null) {
                gprs.add(mem.index());
            }
        } else if (operand instanceof Masked masked) {
            add(masked.destination());
        }
        // Masks are volatile in both conventions, so nothing saves them.
    }

    boolean uses(Gpr gpr) {
        return gprs.contains(gpr);
    }

    boolean usesVector(int number) {
        return vectors.get(number);
    }

    /** Whether any vector register was used beyond its lower 128 bits, which makes vzeroupper necessary. */
    boolean usesWideVectors() {
        return wide;
    }
}
