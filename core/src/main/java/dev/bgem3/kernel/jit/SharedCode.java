package dev.bgem3.kernel.jit;

import dev.bgem3.kernel.Arithmetic;
import java.lang.ref.WeakReference;
import java.util.EnumMap;
import java.util.Map;
import java.util.function.Function;

/**
 * Code assembled for an arithmetic and shared by all kernels that use it at the same time. Thread-safe.
 *
 * <p>
 * References to the code are weak: a strong one would keep its automatic arena alive, and so its class
 * loaded.
 */
public final class SharedCode<T> {
    private final Function<Arithmetic, T> assembler;
    private final Map<Arithmetic, WeakReference<T>> inUse = new EnumMap<>(Arithmetic.class);

    /** Creates an empty cache; the assembler runs on demand. */
    public SharedCode(Function<Arithmetic, T> assembler) {
        this.assembler = assembler;
    }

    /** Returns the code in use, or newly assembled code. */
    public synchronized T of(Arithmetic arithmetic) {
        WeakReference<T> reference = inUse.get(arithmetic);
        T code = reference == null ? null : reference.get();
        if (code == null) {
            code = assembler.apply(arithmetic);
            inUse.put(arithmetic, new WeakReference<>(code));
        }
        return code;
    }
}
