package dev.bgem3.asm.x64;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.bgem3.asm.Label;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Compares the encoder with GNU as, whose bytes {@code src/reference/assembler_table.py} wrote to
 * {@code encodings.tsv}; the first line states the version of GNU as. Runs on any host.
 */
class EncodingTest {
    private record Encoding(String hex, String text) {}

    private static List<Encoding> table() throws IOException {
        try (InputStream in = EncodingTest.class.getResourceAsStream("encodings.tsv")) {
            List<String> lines = new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().toList();
            assertThat(lines.getFirst()).startsWith("# GNU assembler");
            return lines.stream().skip(1).map(line -> line.split("\t"))
                    .map(parts -> new Encoding(parts[0], parts[1]))
                    .toList();
        }
    }

    @Test
    void writesTheBytesOfGnuAs() throws IOException {
        List<String> differences = new ArrayList<>();
        for (Encoding expected : table()) {
            String found;
            try {
                found = HexFormat.of().formatHex(AssemblyText.assemble(expected.text));
            } catch (RuntimeException refusal) {
                found = refusal.toString();
            }
            if (!found.equals(expected.hex)) {
                differences.add(expected.text + ": " + found + " (expected: " + expected.hex + ")");
            }
        }
        assertThat(differences).isEmpty();
    }

    @Test
    void hasEveryVectorMnemonicInTheTable() throws IOException {
        String all = table().stream().map(Encoding::text).collect(Collectors.joining("\n", "\n", "\n"));
        TreeSet<String> missing = Arrays.stream(VectorOp.values())
                .map(op -> op.name().toLowerCase(Locale.ROOT))
                .filter(name -> {
                    String plain = name.split("_")[0];
                    return !all.contains((name.endsWith("_vex") ? "\n{vex} " : "") + plain + " ")
                            && !all.contains("} " + plain + " ");
                }).collect(Collectors.toCollection(TreeSet::new));
        assertThat(missing).isEmpty();
    }

    static List<String> refusals() {
        return List.of("{vex} vpdpbusd ymm16, ymm1, ymm2", "vmaskmovps zmm1, zmm2, [rax]",
                "vaddps zmm1, ymm2, zmm3",
                "vaddps zmm32, zmm1, zmm2", "vaddps zmm1{k0}, zmm2, zmm3", "vaddps zmm1, zmm2{k1}, zmm3",
                "vmovups zmmword ptr [rax]{k1}{z}, zmm3", "vmovups zmm1, [rax]{1to16}", "vaddps zmm1, zmm2",
                "vshuff32x4 xmm1, xmm2, xmm3, 1", "vextractf128 xmm1, xmm2, 1", "vcvtneps2bf16 zmm1, zmm2",
                "vrndscaleps zmm1, zmm2", "vrndscaleps zmm1, zmm2, 256", "vaddps zmm1, rax, zmm3",
                "{vex} vpdpbusd zmm1, zmm2, zmm3",
                "mov rax, qword ptr [rcx+rsp*2]", "mov rax, qword ptr [rcx+rdx*3]", "shl rax, 64",
                "kmovd k8, eax", "vmovd ymm1, eax");
    }

    @ParameterizedTest
    @MethodSource("refusals")
    void refusesWhatCannotBeEncoded(String text) {
        assertThatThrownBy(() -> AssemblyText.assemble(text)).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("(expected: ");
    }

    @Test
    void namesTheValueAndTheExpectation() {
        assertThatThrownBy(() -> Vec.zmm(32)).hasMessage("vector register: 32 (expected: 0..31)");
        assertThatThrownBy(() -> new Assembler().align(48))
                .hasMessage("alignment: 48 (expected: a power of two)");
        assertThatThrownBy(() -> new Assembler().emit(VectorOp.VADDPS, Vec.zmm(0), Vec.ymm(1), Vec.zmm(2)))
                .hasMessage("VADDPS: register ymm1 (expected: one of 64 bytes)");
    }

    @Test
    void refusesLabelsUnboundOrBoundTwice() {
        Assembler code = new Assembler();
        Label nowhere = new Label("nowhere");
        code.jump(nowhere);
        assertThatThrownBy(code::toByteArray).isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("nowhere");
        code.bind(nowhere);
        assertThatThrownBy(() -> code.bind(nowhere)).isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("and again");
    }

    @Test
    void alignsCodeAndConstants() {
        Assembler code = new Assembler();
        code.ret();
        code.align(32);
        assertThat(code.position()).isEqualTo(32);
        Label two = code.constant(1f, 2f);
        code.emit(VectorOp.VBROADCASTSS, Vec.zmm(0), Mem.at(two).plus(4));
        byte[] bytes = code.toByteArray();
        // 62 f2 7d 48 18 05 disp32: from its end at 42 to the second constant at 64 + 4
        assertThat(HexFormat.of().formatHex(bytes, 32, 42)).isEqualTo("62f27d4818051a000000");
        assertThat(HexFormat.of().formatHex(bytes, 64, 72)).isEqualTo("0000803f00000040");
    }

    @Test
    void savesWhatTheConventionProtects() {
        Consumer<Assembler> body = code -> {
            code.mov(Gpr.RBX, Gpr.RSI);
            code.emit(VectorOp.VXORPS, Vec.zmm(6), Vec.zmm(6), Vec.zmm(22));
        };
        // No-operations of 9 bytes, and one of 8, pad up to the body at 64.
        String nops = "660f1f840000000000";
        assertThat(HexFormat.of().formatHex(Abi.SYSTEM_V.function(body)))
                .isEqualTo("53" + nops.repeat(7) + "4889f3" + "62b14c4857f6" + "c5f877" + "5b" + "c3");
        assertThat(HexFormat.of().formatHex(Abi.WINDOWS.function(body))).isEqualTo("53" + "56" + "4883ec10"
                + "c5f8113424" + nops.repeat(5) + "0f1f840000000000" + "4889f3" + "62b14c4857f6" + "c5f877"
                + "c5f8103424" + "4883c410" + "5e"
                + "5b" + "c3");
    }
}
