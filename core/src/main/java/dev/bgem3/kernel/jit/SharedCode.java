package dev.bgem3.kernel.jit;

import dev.bgem3.kernel.Arithmetic;
import java.lang.ref.WeakReference;
import java.util.EnumMap;
import java.util.Map;
import java.util.function.Function;

/**
 * What is assembled for an arithmetic, once for all that use it at the same time. Thread-safe.
 *
 * <p>
 * It is held weakly: memory of an automatic arena whose holder a class holds would keep that class loaded for ever.
 */
final class SharedCode<T> {
    private final Function<Arithmetic, T> assembler;
    private final Map<Arithmetic, WeakReference<T>> inUse = new EnumMap<>(Arithmetic.class);

    SharedCode(Function<Arithmetic, T> assembler) {
        this.assembler = assembler;
    }

    /** What others use, else what is assembled now. */
    synchronized T of(Arithmetic arithmetic) {
        WeakReference<T> reference = inUse.get(arithmetic);
        T code = reference == null ? null : reference.get();
        if (code == null) {
            code = assembler.apply(arithmetic);
            inUse.put(arithmetic, new WeakReference<>(code));
        }
        return code;
    }
}
