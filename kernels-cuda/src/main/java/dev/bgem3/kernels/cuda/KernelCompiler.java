package dev.bgem3.kernels.cuda;

import static org.bytedeco.cuda.global.nvrtc.nvrtcCompileProgram;
import static org.bytedeco.cuda.global.nvrtc.nvrtcCreateProgram;
import static org.bytedeco.cuda.global.nvrtc.nvrtcDestroyProgram;
import static org.bytedeco.cuda.global.nvrtc.nvrtcGetCUBIN;
import static org.bytedeco.cuda.global.nvrtc.nvrtcGetCUBINSize;
import static org.bytedeco.cuda.global.nvrtc.nvrtcGetErrorString;
import static org.bytedeco.cuda.global.nvrtc.nvrtcGetProgramLog;
import static org.bytedeco.cuda.global.nvrtc.nvrtcGetProgramLogSize;
import static org.bytedeco.cuda.global.nvrtc.nvrtcVersion;

import dev.bgem3.error.BackendException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bytedeco.cuda.nvrtc._nvrtcProgram;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.PointerPointer;
import org.bytedeco.javacpp.SizeTPointer;

/** Compiles the CUDA sources among the resources to machine code with NVRTC, or takes it from the cache. */
final class KernelCompiler {
    private static final Pattern INCLUDE = Pattern.compile("(?m)^#include \"([\\w.]+)\"$");

    private final List<String> options;
    private final BinaryCache cache = BinaryCache.ofThisUser();

    KernelCompiler(int computeCapability, Elements elements) {
        // The suffix enables the instructions that exist only in exactly this compute capability.
        String architecture = "sm_" + computeCapability
                + (computeCapability == CudaDevice.HOPPER ? "a" : "");
        options = List.of("--gpu-architecture=" + architecture, "--std=c++17",
                "-DBF16=" + switch (elements) {
                    case FP16 -> 0;
                    case BF16 -> 1;
                });
    }

    /** Returns the machine code of {@code name.cu}. */
    byte[] binary(String name) {
        String source = source(name + ".cu");
        String key = BinaryCache.key(source, options.toString(), compilerVersion());
        return cache.read(key).orElseGet(() -> {
            byte[] binary = compile(name, source);
            cache.write(key, binary);
            return binary;
        });
    }

    /** Returns a source with its includes inlined, because NVRTC has no file system to read them from. */
    static String source(String file) {
        try (InputStream stream = KernelCompiler.class.getResourceAsStream(file)) {
            if (stream == null) {
                throw new IllegalStateException("no resource " + file);
            }
            String text = new String(stream.readAllBytes(), StandardCharsets.UTF_8);
            return INCLUDE.matcher(text.replace("#pragma once\n", "")).replaceAll(include -> Matcher
                    .quoteReplacement(source(include.group(1))));
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    private static String compilerVersion() {
        int[] major = new int[1];
        int[] minor = new int[1];
        check(nvrtcVersion(major, minor), "nvrtcVersion", "");
        return major[0] + "." + minor[0];
    }

    private byte[] compile(String name, String source) {
        _nvrtcProgram program = new _nvrtcProgram();
        try (BytePointer text = new BytePointer(source);
                BytePointer file = new BytePointer(name + ".cu");
                SizeTPointer size = new SizeTPointer(1)) {
            check(nvrtcCreateProgram(program, text, file, 0, (PointerPointer<?>) null,
                    (PointerPointer<?>) null),
                    "nvrtcCreateProgram", name);
            List<BytePointer> texts = new ArrayList<>();
            options.forEach(option -> texts.add(new BytePointer(option)));
            try (PointerPointer<BytePointer> list = new PointerPointer<>(texts.toArray(BytePointer[]::new))) {
                int code = nvrtcCompileProgram(program, texts.size(), list);
                if (code != 0) {
                    throw new BackendException("nvrtcCompileProgram of " + name + ".cu failed: " + code + " "
                            + nvrtcGetErrorString(code).getString() + ": " + log(program, size));
                }
            } finally {
                texts.forEach(BytePointer::close);
            }
            check(nvrtcGetCUBINSize(program, size), "nvrtcGetCUBINSize", name);
            byte[] binary = new byte[Math.toIntExact(size.get())];
            check(nvrtcGetCUBIN(program, binary), "nvrtcGetCUBIN", name);
            return binary;
        } finally {
            nvrtcDestroyProgram(program);
        }
    }

    private static String log(_nvrtcProgram program, SizeTPointer size) {
        nvrtcGetProgramLogSize(program, size);
        byte[] log = new byte[Math.toIntExact(size.get())];
        nvrtcGetProgramLog(program, log);
        return new String(log, StandardCharsets.UTF_8).replace("\0", "").strip();
    }

    private static void check(int code, String call, String name) {
        if (code != 0) {
            throw new BackendException(call + " " + name + " failed: " + code + " "
                    + nvrtcGetErrorString(code).getString());
        }
    }
}
