package dev.bgem3.kernel.jit;

import dev.bgem3.kernel.Arithmetic;
import java.lang.ref.WeakReference;
import java.util.EnumMap;
import java.util.Map;
import java.util.function.Function;

/**
 * The code that is assembled for an arithmetic, shared by all kernels that use it at the same time.
 * Thread-safe.
 *
 * <p>
 * It is held weakly: a class that held it would keep the memory of its automatic arena, and so itself, loaded
 * for ever.
 */
public final class SharedCode<T> {
    private final Function<Arithmetic, T> assembler;
    private final Map<Arithmetic, WeakReference<T>> inUse = new EnumMap<>(Arithmetic.class);

    /** Nothing is assembled yet. */
    public SharedCode(Function<Arithmetic, T> assembler) {
        this.assembler = assembler;
    }

    /** The code in use, or newly assembled code. */
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
