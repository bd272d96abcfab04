package dev.bgem3;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bgem3.convert.ModelConverter;
import dev.bgem3.convert.WeightType;
import dev.bgem3.convert.WriteListener;
import dev.bgem3.json.Json;
import dev.bgem3.json.JsonArray;
import dev.bgem3.json.JsonNumber;
import dev.bgem3.json.JsonObject;
import dev.bgem3.json.JsonValue;
import dev.bgem3.sample.EncodeMain;
import dev.bgem3.testsupport.DefaultKernels;
import dev.bgem3.tokenizer.Tokenizer;
import java.io.File;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Runs the library in a separate JVM, as users start it: on the class path or the module path, with or
 * without the incubator module.
 */
class UserProgramTest {
    private static final String INCUBATOR = "jdk.incubator.vector";
    /** The same bound as in {@link BgeM3GoldenTest}. */
    private static final double BOUND = 2e-5;

    @TempDir
    private Path temporary;

    private record Run(List<String> out, List<String> errors) {}

    @Test
    void runsOnScalarKernelsWithoutTheIncubatorAndLogsTheRemedyOnce()
            throws IOException, InterruptedException {
        Run run = run("-cp", path(BgeM3.class, Tokenizer.class, EncodeMain.class));
        assertThat(run.out.subList(0, 2)).containsExactly("scalar", "false");
        assertGivesTheGoldens(run);
        assertThat(run.errors.stream().filter(line -> line.contains("--add-modules"))).singleElement()
                .asString()
                .contains(
                        "the vector kernels are not used: the module jdk.incubator.vector is not loaded; "
                                + "start Java with --add-modules jdk.incubator.vector for vector speed");
        assertThat(run.errors.stream().filter(line -> line.contains("kernels"))).hasSize(1);
    }

    @Test
    void failsWithoutTheIncubatorIfTheVectorKernelsAreRequired() throws IOException, InterruptedException {
        Path errors = temporary.resolve("errors");
        Process process = new ProcessBuilder(command(Fixtures.TINY, "-Dbgem3.vector.required=true", "-cp",
                path(BgeM3.class, Tokenizer.class, EncodeMain.class)))
                .redirectError(errors.toFile()).start();
        try {
            assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        } finally {
            process.destroyForcibly();
        }
        assertThat(process.exitValue()).isEqualTo(1);
        assertThat(Files.readString(errors)).contains("MissingModuleException: kernels: vector (the vector "
                + "kernels are not used: the module jdk.incubator.vector is not loaded; start Java with ",
                "(expected: the module jdk.incubator.vector, as bgem3.vector.required is true)");
    }

    @Test
    void runsOnVectorKernelsFromTheClassPath() throws IOException, InterruptedException {
        Run run = run("--add-modules", INCUBATOR, "-cp",
                path(BgeM3.class, Tokenizer.class, EncodeMain.class));
        assertThat(run.out.subList(0, 2)).containsExactly("vector", "false");
        assertGivesTheGoldens(run);
        assertThat(run.errors).noneMatch(line -> line.contains("kernels"));
    }

    @Test
    void runsOnVectorKernelsFromTheModulePath() throws IOException, InterruptedException {
        Run run = run("--module-path", path(BgeM3.class, Tokenizer.class), "--add-modules",
                "dev.bgem3.core," + INCUBATOR, "-cp", path(EncodeMain.class));
        assertThat(run.out.subList(0, 2)).containsExactly("vector", "true");
        assertGivesTheGoldens(run);
        assertThat(run.errors).noneMatch(line -> line.contains("kernels"));
    }

    @Test
    void runsOnScalarKernelsFromTheModulePathWithoutTheIncubator() throws IOException, InterruptedException {
        Run run = run("--module-path", path(BgeM3.class, Tokenizer.class), "--add-modules",
                "dev.bgem3.core", "-cp", path(EncodeMain.class));
        assertThat(run.out.subList(0, 2)).containsExactly("scalar", "true");
        assertGivesTheGoldens(run);
    }

    @Test
    void usesTheKernelsThatASystemPropertyNames() throws IOException, InterruptedException {
        Run run = run("--add-modules", INCUBATOR, "-Dbgem3.kernels=scalar", "-cp",
                path(BgeM3.class, Tokenizer.class, EncodeMain.class));
        assertThat(run.out.getFirst()).isEqualTo("scalar");
        assertThat(run.errors).noneMatch(line -> line.contains("kernels"));
    }

    @DefaultKernels
    @Test
    void sharesPackedWeightsBetweenTwoProcesses() throws Exception {
        Path model = temporary.resolve("model");
        ModelConverter.convert(Fixtures.TINY, model, WeightType.FP16);
        Path packed = PackedWeights.write(model, Precision.FP32, WriteListener.NONE);
        List<Process> processes = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            processes.add(new ProcessBuilder(command(model, "--add-modules", INCUBATOR,
                    "--enable-native-access=ALL-UNNAMED", "-cp",
                    path(BgeM3.class, Tokenizer.class, EncodeMain.class)))
                    .redirectOutput(temporary.resolve("out" + i).toFile())
                    .redirectError(temporary.resolve("errors" + i).toFile()).start());
        }
        for (int i = 0; i < 2; i++) {
            assertThat(processes.get(i).waitFor(60, TimeUnit.SECONDS)).isTrue();
            List<String> errors = Files.readAllLines(temporary.resolve("errors" + i));
            assertThat(processes.get(i).exitValue()).as("%s", errors).isZero();
            assertThat(errors).noneMatch(line -> line.contains(packed.getFileName().toString()));
            assertGivesTheGoldens(new Run(Files.readAllLines(temporary.resolve("out" + i)), errors));
        }
    }

    /** Compares the dense vector and the lexical weights of the goldens' first text. */
    private static void assertGivesTheGoldens(Run run) throws IOException {
        JsonObject item = firstGolden();
        List<JsonValue> dense = ((JsonArray) item.get("dense").orElseThrow()).elements();
        String line = run.out.get(2);
        double[] found = Arrays.stream(line.substring(1, line.length() - 1).split(", "))
                .mapToDouble(Double::parseDouble).toArray();
        assertThat(found).hasSameSizeAs(dense);
        for (int i = 0; i < found.length; i++) {
            assertThat(Math.abs(found[i] - ((JsonNumber) dense.get(i)).asDouble())).as("dense %d", i)
                    .isLessThan(BOUND);
        }
        for (String id : item.object("sparse").orElseThrow().members().keySet()) {
            assertThat(run.out.get(3)).contains(id + "=");
        }
    }

    private static JsonObject firstGolden() throws IOException {
        JsonObject goldens = (JsonObject) Json
                .parse(Files.readAllBytes(Fixtures.FOLDER.resolve("tiny-m3-goldens.json")));
        JsonObject encode = (JsonObject) goldens.array("encode").orElseThrow().elements().getFirst();
        return (JsonObject) encode.array("items").orElseThrow().elements().getFirst();
    }

    private static List<String> command(Path model, String... options) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of(options));
        command.add(EncodeMain.class.getName());
        command.add(model.toString());
        command.add(firstGolden().string("text").orElseThrow());
        return command;
    }

    private Run run(String... options) throws IOException, InterruptedException {
        List<String> command = command(Fixtures.TINY, options);
        Path out = temporary.resolve("out");
        Path errors = temporary.resolve("errors");
        Process process = new ProcessBuilder(command).redirectOutput(out.toFile())
                .redirectError(errors.toFile())
                .start();
        try {
            assertThat(process.waitFor(60, TimeUnit.SECONDS)).as("%s ended", command).isTrue();
        } finally {
            process.destroyForcibly();
        }
        String printed = Files.readString(errors, StandardCharsets.UTF_8);
        assertThat(process.exitValue()).as("%s: %s", command, printed).isZero();
        return new Run(Files.readAllLines(out), printed.lines().toList());
    }

    /** Returns the path of the folders or archives that contain the classes and their resources. */
    static String path(Class<?>... classes) {
        return String.join(File.pathSeparator, Arrays.stream(classes).map(type -> {
            try {
                return Path.of(type.getProtectionDomain().getCodeSource().getLocation().toURI()).toString();
            } catch (URISyntaxException e) {
                throw new IllegalStateException(e);
            }
        }).toList());
    }
}
