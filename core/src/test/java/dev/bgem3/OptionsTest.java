package dev.bgem3;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests settings that are wrong for any model. */
class OptionsTest {
    @Test
    void startsFromDocumentedDefaults() {
        EncodeOptions options = EncodeOptions.defaults();
        assertThat(options.outputs()).containsExactly(Output.DENSE);
        assertThat(options.maxLength()).isEmpty();
        assertThat(RunOptions.defaults().tokenBudget()).isEmpty();
        assertThat(options.normalize()).isTrue();
        assertThat(options.pooling()).isEmpty();
        LoadOptions load = LoadOptions.defaults();
        assertThat(load.kernels()).isEqualTo(KernelKind.AUTO);
        assertThat(load.precision()).isEqualTo(Precision.AUTO);
        assertThat(load.threads()).isZero();
        assertThat(load.queryInstructionFormat()).isEqualTo("{}{}");
    }

    @ParameterizedTest
    @ValueSource(ints = {Integer.MIN_VALUE, -1, 0, 1})
    void refusesAMaximumLengthBelowTheTwoSpecialTokens(int length) {
        assertThatIllegalArgumentException().isThrownBy(EncodeOptions.builder().maxLength(length)::build)
                .withMessage("maxLength: " + length + " (expected: at least 2)");
    }

    @Test
    void refusesSizesBelowOne() {
        assertThatIllegalArgumentException().isThrownBy(RunOptions.builder().tokenBudget(1_048_577)::build)
                .withMessage("tokenBudget: 1048577 (expected: 1..1048576)");
        assertThatIllegalArgumentException().isThrownBy(RunOptions.builder().tokenBudget(0)::build)
                .withMessage("tokenBudget: 0 (expected: 1..1048576)");
        assertThatIllegalArgumentException().isThrownBy(EncodeOptions.builder().truncateDim(0)::build)
                .withMessage("truncateDim: 0 (expected: at least 1)");
    }

    @Test
    void refusesAnEmptySetOfOutputs() {
        assertThatIllegalArgumentException().isThrownBy(EncodeOptions.builder().outputs(Set.of())::build)
                .withMessage("outputs: none (expected: at least one of dense, sparse, colbert)");
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 1025})
    void refusesThreadsOutOfRange(int threads) {
        assertThatIllegalArgumentException().isThrownBy(LoadOptions.builder().threads(threads)::build)
                .withMessage("threads: " + threads + " (expected: 0..1024)");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "{}", "{}{}{}", "instruction: {}", "{ }{}"})
    void refusesAFormatWithoutTwoSlots(String format) {
        String rest = ": \"" + format + "\" (expected: {} twice, for the instruction and for the text)";
        assertThatIllegalArgumentException()
                .isThrownBy(EncodeOptions.builder().instructionFormat(format)::build)
                .withMessage("instructionFormat" + rest);
        assertThatIllegalArgumentException()
                .isThrownBy(LoadOptions.builder().queryInstructionFormat(format)::build)
                .withMessage("queryInstructionFormat" + rest);
        assertThatIllegalArgumentException()
                .isThrownBy(LoadOptions.builder().passageInstructionFormat(format)::build)
                .withMessage("passageInstructionFormat" + rest);
    }

    @Test
    void namesTheNullSetting() {
        assertThatNullPointerException().isThrownBy(LoadOptions.builder().kernels(null)::build)
                .withMessage("kernels");
        assertThatNullPointerException().isThrownBy(LoadOptions.builder().precision(null)::build)
                .withMessage("precision");
        assertThatNullPointerException().isThrownBy(LoadOptions.builder().queryInstruction(null)::build)
                .withMessage("queryInstruction");
        assertThatNullPointerException()
                .isThrownBy(LoadOptions.builder().passageInstructionFormat(null)::build)
                .withMessage("passageInstructionFormat");
        assertThatNullPointerException()
                .isThrownBy(EncodeOptions.builder().outputs((Set<Output>) null)::build)
                .withMessage("outputs");
        assertThatNullPointerException().isThrownBy(RunOptions.builder().progress(null)::build)
                .withMessage("progress");
        assertThatNullPointerException().isThrownBy(RunOptions.builder().cancelled(null)::build)
                .withMessage("cancelled");
        assertThatNullPointerException().isThrownBy(() -> BgeM3.load((Path) null)).withMessage("folder");
        assertThatNullPointerException().isThrownBy(() -> BgeM3.load(Fixtures.TINY, null))
                .withMessage("options");
    }

    @Test
    void refusesInvalidScoreWeights() {
        assertThatIllegalArgumentException().isThrownBy(() -> new ScoreWeights(0, 0, 1))
                .withMessage("weights: dense + sparse is 0 (expected: above 0)");
        assertThatIllegalArgumentException().isThrownBy(() -> new ScoreWeights(1, -0.5, 1))
                .withMessage("weights: sparse: -0.5 (expected: 0..1e9)");
        assertThatIllegalArgumentException().isThrownBy(() -> new ScoreWeights(1, 1, Double.NaN))
                .withMessage("weights: colbert: NaN (expected: 0..1e9)");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new ScoreWeights(Double.POSITIVE_INFINITY, 1, 1))
                .withMessage("weights: dense: Infinity (expected: 0..1e9)");
    }

    @Test
    void toBuilderKeepsEverySetting() {
        EncodeOptions encode = EncodeOptions.builder().outputs(Output.SPARSE, Output.COLBERT).maxLength(9)
                .truncation(Truncation.LEFT).instruction("i").instructionFormat("{} {}").pooling(Pooling.MEAN)
                .normalize(false).truncateDim(7).tokenStates(true).build();
        assertThat(encode.toBuilder().build()).isEqualTo(encode).hasSameHashCodeAs(encode)
                .hasToString(encode.toString()).isNotEqualTo(encode.toBuilder().maxLength(10).build());
        RerankOptions rerank = RerankOptions.builder().normalize(true).maxLength(99).truncate(false).build();
        assertThat(rerank.toBuilder().build()).isEqualTo(rerank).isNotEqualTo(RerankOptions.defaults());
        RunOptions run = RunOptions.builder().tokenBudget(5).cancelled(() -> true).build();
        assertThat(run.toBuilder().build()).isEqualTo(run).isNotEqualTo(RunOptions.defaults());
        QueueOptions queue = QueueOptions.builder().permits(3).tokenBudget(4).timeout(Duration.ofDays(1))
                .build();
        assertThat(queue.toBuilder().build()).isEqualTo(queue).isNotEqualTo(QueueOptions.defaults());
        LoadOptions load = LoadOptions.builder().kernels(KernelKind.JIT).device(Device.CPU)
                .precision(Precision.BF16)
                .threads(3).queryInstruction("q").queryInstructionFormat("{}:{}").passageInstruction("p")
                .passageInstructionFormat("{};{}").build();
        assertThat(load.toBuilder().build()).isEqualTo(load).isNotEqualTo(LoadOptions.defaults());
    }

    @Test
    void createsKernelKindsByName() {
        assertThat(KernelKind.of("jit")).isEqualTo(KernelKind.JIT).hasSameHashCodeAs(KernelKind.JIT)
                .isNotEqualTo(KernelKind.SCALAR).hasToString("jit");
        assertThat(KernelKind.of("anothers-2").name()).isEqualTo("anothers-2");
        assertThatNullPointerException().isThrownBy(() -> KernelKind.of(null)).withMessage("kernels");
        assertThatIllegalArgumentException().isThrownBy(() -> KernelKind.of("AVX 2"))
                .withMessage("kernels: AVX 2 (expected: a name in lower case, such as vector)");
    }

    @Test
    void parsesDevices() {
        assertThat(Device.parse("cuda:0,1")).isEqualTo(Device.cuda(0, 1)).hasToString("cuda:0,1");
        assertThat(Device.parse("cpu")).isEqualTo(Device.CPU);
        assertThat(Device.parse("cuda")).isEqualTo(Device.cuda(0)).hasSameHashCodeAs(Device.cuda(0))
                .hasToString("cuda");
        assertThat(Device.parse("cuda:all")).isEqualTo(Device.ALL_CUDA).isNotEqualTo(Device.AUTO);
        assertThat(LoadOptions.builder().device("cuda:3").build().device()).isEqualTo(Device.cuda(3));
        assertThatIllegalArgumentException().isThrownBy(() -> Device.parse("tpu"))
                .withMessage("device: tpu (expected: auto, cpu, cuda, cuda:N, cuda:N,N or cuda:all)");
        assertThatIllegalArgumentException().isThrownBy(() -> Device.cuda(1, 1))
                .withMessage("device: cuda:1,1 (expected: each number once)");
    }
}
