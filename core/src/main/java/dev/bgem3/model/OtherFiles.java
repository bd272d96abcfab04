package dev.bgem3.model;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Files that a folder without a readable model may have, for messages that say what would do. */
public final class OtherFiles {
    private record Kind(Pattern name, String cure) {}

    private static final String CURE = "which is not read; the safetensors or PyTorch weights of the same "
            + "model would do";
    /** In the order in which messages name them. */
    private static final List<Kind> KINDS = List.of(
            new Kind(Pattern.compile("pytorch_model\\.bin\\.index\\.json"), "PyTorch weights in several "
                    + "files, which are not read; load the model in Python and save it as safetensors "
                    + "(save_pretrained)"),
            new Kind(Pattern.compile("(onnx/)?[^/]+\\.onnx"), "an ONNX export, " + CURE),
            new Kind(Pattern.compile("[^/]+\\.gguf"), "for llama.cpp (GGUF), " + CURE),
            new Kind(Pattern.compile("(openvino/)?openvino_[^/]+\\.(xml|bin)"),
                    "an OpenVINO export, " + CURE),
            new Kind(Pattern.compile("tf_model\\.h5"), "for TensorFlow, " + CURE),
            new Kind(Pattern.compile("flax_model\\.msgpack"), "for Flax, " + CURE),
            new Kind(Pattern.compile("rust_model\\.ot"), "for Rust, " + CURE));

    /** Someone may name a folder that is no model's at all. */
    private static final int MAX_FILES = 10_000;

    private OtherFiles() {}

    /** Returns what can follow an error message if a folder has weights in another format, else "". */
    static String foundIn(Path folder) {
        try (Stream<Path> files = Files.walk(folder, 2)) {
            return Files.isDirectory(folder.resolve("snapshots"))
                    ? "; found snapshots, which makes it a folder of the Hugging Face cache: give the name "
                            + "of the model, owner/name, or one of the snapshots"
                    : found(files.limit(MAX_FILES)
                            .map(file -> folder.relativize(file).toString().replace('\\', '/')).toList());
        } catch (IOException | UncheckedIOException _) {
            return ""; // The error that is being reported matters more.
        }
    }

    /** Does the same as {@link #foundIn} for the names of files, such as those of a repository. */
    public static String found(Collection<String> names) {
        for (Kind kind : KINDS) {
            Optional<String> name = names.stream().filter(one -> kind.name.matcher(one).matches()).sorted()
                    .findFirst();
            if (name.isPresent()) {
                return "; found " + name.get() + ", " + kind.cure;
            }
        }
        return "";
    }
}
