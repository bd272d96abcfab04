package dev.bgem3;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.bgem3.error.ModelException;
import dev.bgem3.testsupport.TestSizes;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Tests that a message names what stands in the place of a model's file, and what would do. */
class WrongFileTest {
    private static final String POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:"
            + "0".repeat(64) + "\nsize 14532496\n";
    private static final String LFS = "a Git LFS pointer, which only names the file (expected: the file "
            + "itself; git lfs pull or bgem3 download fetches it)";
    private static final String PAGE = "a web page (expected: the file itself; open its address in a browser "
            + "to see what the page says, and download the file again)";
    private static final List<String> TEXTS = List.of("config.json", "tokenizer.json", "modules.json",
            "1_Pooling/config.json", "model.safetensors.index.json");
    private static final List<String> BINARIES = List.of("model.safetensors", "pytorch_model.bin",
            "sparse_linear.pt", "colbert_linear.safetensors", "sentencepiece.bpe.model");

    @TempDir
    private Path folder;

    static Stream<Arguments> wrongFiles() {
        List<Arguments> all = Stream.concat(TEXTS.stream(), BINARIES.stream()).flatMap(name -> Stream.of(
                Arguments.of(name, bytes(POINTER), LFS),
                Arguments.of(name, bytes("<!DOCTYPE html>\n<p>x"), PAGE),
                Arguments.of(name, bytes("\uFEFF  <HTML lang='en'>"), PAGE),
                Arguments.of(name, bytes("<?xml version='1.0'?><Error/>"), PAGE),
                Arguments.of(name, gzip(),
                        "compressed by gzip (expected: the file itself; gunzip unpacks it)"),
                Arguments.of(name, zip(), "a zip archive (expected: the file itself; unzip unpacks it)")))
                .filter(row -> !(row.get()[2].toString().startsWith("a zip")
                        && row.get()[0].toString().matches(".*\\.(bin|pt)")))
                .toList();
        // A fifth of them still has every file and every kind of content.
        return IntStream.range(0, all.size()).filter(i -> TestSizes.pick(i % 5 == 0, true))
                .mapToObj(all::get);
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static byte[] gzip() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (GZIPOutputStream out = new GZIPOutputStream(bytes)) {
            out.write(bytes("{}"));
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    private static byte[] zip() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipOutputStream out = new ZipOutputStream(bytes)) {
            out.putNextEntry(new ZipEntry("config.json"));
            out.write(bytes("{}"));
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    /** Writes a model whose weights, heads and tokenizer are where this file would be read. */
    private void write(String name, byte[] content) throws IOException {
        ModelVariant variant = ModelVariant.ofTiny();
        if (name.contains("linear")) {
            variant.without(ModelVariant.HEADS);
        }
        variant.file("1_Pooling/config.json", "{\"pooling_mode\": \"cls\"}").write(folder);
        if (name.startsWith("pytorch") || name.endsWith("index.json")) {
            Files.delete(folder.resolve("model.safetensors"));
        }
        Files.write(folder.resolve(name), content);
    }

    @ParameterizedTest
    @MethodSource("wrongFiles")
    void namesWhatStandsInAFilesPlace(String name, byte[] content, String message) throws IOException {
        write(name, content);
        assertThatExceptionOfType(ModelException.class).isThrownBy(() -> BgeM3.load(folder))
                .withMessage(folder.resolve(name) + ": " + message);
    }

    @ParameterizedTest
    @CsvSource({"model.safetensors", "pytorch_model.bin", "sparse_linear.pt", "sentencepiece.bpe.model"})
    void quotesATextInThePlaceOfWeights(String name) throws IOException {
        write(name, bytes("Entry not found"));
        assertThatExceptionOfType(ModelException.class).isThrownBy(() -> BgeM3.load(folder))
                .withMessage(folder.resolve(name)
                        + ": a text that begins with \"Entry not found\" (expected: binary data)");
    }

    @ParameterizedTest
    @CsvSource(delimiter = ';', value = {
            "onnx/model.onnx; an ONNX export, which is not read",
            "onnx/model_q4.onnx; an ONNX export, which is not read",
            "model.onnx; an ONNX export, which is not read",
            "model.Q4_K_M.gguf; for llama.cpp (GGUF), which is not read",
            "tf_model.h5; for TensorFlow, which is not read",
            "flax_model.msgpack; for Flax, which is not read",
            "openvino/openvino_model.xml; an OpenVINO export, which is not read",
            "pytorch_model.bin.index.json; PyTorch weights in several files, which are not read"})
    void saysWhatWouldDoInThePlaceOfOtherWeights(String name, String what) throws IOException {
        ModelVariant.ofTiny().write(folder);
        Files.delete(folder.resolve("model.safetensors"));
        Files.createDirectories(folder.resolve(name).getParent());
        Files.writeString(folder.resolve(name), "");
        for (String start : List.of("no weights (expected one of: ", "config.json: no such file (")) {
            assertThatExceptionOfType(ModelException.class).isThrownBy(() -> BgeM3.load(folder))
                    .withMessageContaining(start).withMessageContaining("; found " + name + ", " + what);
            Files.deleteIfExists(folder.resolve("config.json"));
        }
        assertThatExceptionOfType(ModelException.class)
                .isThrownBy(() -> ModelFiles.choose(List.of("config.json", name)))
                .withMessageContaining("; found " + name + ", " + what);
    }

    @Test
    void saysThatAFolderIsTheCaches() throws IOException {
        Path cached = folder.resolve("models--acme--two");
        Files.createDirectories(cached.resolve("snapshots/1"));
        assertThatExceptionOfType(ModelException.class).isThrownBy(() -> BgeM3.load(cached))
                .withMessageContaining("a folder of the Hugging Face cache: give the name of the model");
        assertThat(cached).isDirectory();
    }
}
