package dev.bgem3.io;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Optional;

/** The pages of mapped files that this process has in memory. */
public final class MappedPages {
    /** Linux: asm-generic/mman-common.h. Other systems take it for advice, or give it another meaning. */
    private static final int MADV_DONTNEED = 4;

    private MappedPages() {}

    /** {@code int madvise(void *, size_t, int)}, where there is one and this code may call it without a warning. */
    private static final class Holder {
        private static final Optional<MethodHandle> MADVISE = find();

        @SuppressWarnings("restricted")
        private static Optional<MethodHandle> find() {
            if (!System.getProperty("os.name").equals("Linux")
                    || !MappedPages.class.getModule().isNativeAccessEnabled()) {
                return Optional.empty();
            }
            Linker linker = Linker.nativeLinker();
            return linker.defaultLookup().find("madvise")
                    .map(address -> linker.downcallHandle(address,
                            FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS,
                                    ValueLayout.JAVA_LONG, ValueLayout.JAVA_INT)));
        }
    }

    /**
     * Takes a whole file, mapped read-only, out of this process's memory: a page that is read again comes back from the system's
     * cache, or from the file. On systems that cannot, or where native access is denied, nothing happens.
     */
    public static void drop(MemorySegment mapped) {
        if (Holder.MADVISE.isPresent()) {
            try {
                // What it answers does not matter: the contents are the same either way.
                int _ = (int) Holder.MADVISE.get().invokeExact(mapped, mapped.byteSize(), MADV_DONTNEED);
            } catch (RuntimeException | Error known) {
                throw known;
            } catch (Throwable impossible) {
                throw new AssertionError("madvise threw", impossible);
            }
        }
    }
}
