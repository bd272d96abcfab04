package dev.bgem3;

import static dev.bgem3.Embeddings.ALL;
import static dev.bgem3.Embeddings.assertSameBits;
import static org.assertj.core.api.Assertions.assertThat;

import dev.bgem3.kernel.KernelProviders;
import dev.bgem3.kernel.ProvenArithmetics;
import dev.bgem3.testsupport.TestSizes;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Tests that a text's three outputs have the same bits with any other texts in the batch, with any batch
 * sizes, and with any number of threads.
 */
class BatchInvariancePropertyTest {
    private static final int[] BUDGETS = {1, 7, 100, 4096};

    static Stream<Arguments> fastKernels() {
        return KernelProviders.all().stream()
                .filter(provider -> !provider.name().equals("scalar") && provider.unavailable().isEmpty())
                .flatMap(provider -> ProvenArithmetics.of(provider)
                        .map(how -> Arguments.of(provider.name(), Precision.valueOf(how.name()))));
    }

    @ParameterizedTest
    @MethodSource("fastKernels")
    void fastKernelsGiveATextTheSameBitsHoweverItIsBatched(String kernels, Precision precision) {
        // The lengths around the edges of tiles and of a few panels; the other texts have random lengths up
        // to 300.
        int[] lengths = {1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128,
                129, 255,
                256, 257, 299, 300, 383, 385, 800};
        check(Fixtures.MINI, kernels, precision, lengths, TestSizes.pick(48, 64), TestSizes.pick(100, 300),
                TestSizes.pick(new int[]{1, 3}, new int[]{1, 2, 3}));
    }

    @Test
    void scalarGivesATextTheSameBitsHoweverItIsBatched() {
        check(Fixtures.TINY, "scalar", Precision.FP32, new int[]{1, 2, 3, 40}, 12, 30, new int[]{1, 2});
    }

    private static void check(Path folder, String kernels, Precision precision, int[] lengths, int count,
            int longest,
            int[] threads) {
        RandomTexts source = RandomTexts.seeded("batch invariance, " + kernels + " " + precision);
        List<int[]> texts = new ArrayList<>();
        List<Embedding> alone = new ArrayList<>();
        for (int threadCount : threads) {
            LoadOptions options = LoadOptions.builder().kernels(KernelKind.of(kernels)).precision(precision)
                    .threads(threadCount).build();
            try (BgeM3 model = BgeM3.load(folder, options)) {
                if (alone.isEmpty()) {
                    texts.addAll(texts(source, model, lengths, count, longest));
                    texts.forEach(text -> alone.add(model.encodeTokenIds(List.of(text), ALL).getFirst()));
                }
                for (int budget : TestSizes.pick(new int[]{threadCount == 1 ? 7 : 4096}, BUDGETS)) {
                    checkShuffled(model, budget, texts, alone, source.random());
                }
            }
        }
    }

    /** Returns random ids of the given lengths, then ids of random texts. */
    private static List<int[]> texts(RandomTexts source, BgeM3 model, int[] lengths, int count, int longest) {
        Random random = source.random();
        List<int[]> texts = new ArrayList<>();
        for (int length : lengths) {
            texts.add(random.ints(length, 0, model.info().vocabSize()).toArray());
        }
        while (texts.size() < count) {
            texts.add(model.tokenizer().encode(source.text(random.nextInt(longest / 4)), longest).ids());
        }
        return texts;
    }

    private static void checkShuffled(BgeM3 model, int budget, List<int[]> texts, List<Embedding> alone,
            Random random) {
        List<Integer> order = new ArrayList<>(IntStream.range(0, texts.size()).boxed().toList());
        Collections.shuffle(order, random);
        RunOptions run = RunOptions.builder().tokenBudget(budget).build();
        List<Embedding> together = model.encodeTokenIds(order.stream().map(texts::get).toList(), ALL, run);
        for (int i = 0; i < order.size(); i++) {
            int text = order.get(i);
            assertSameBits("budget " + budget + ", threads " + model.info().threads() + ", "
                    + texts.get(text).length + " tokens " + Arrays.toString(texts.get(text)), together.get(i),
                    alone.get(text));
        }
        checkDenseOnly(model, run, order.stream().map(texts::get).toList(), together);
    }

    /** The last layer takes a shortcut if only dense vectors are requested. */
    private static void checkDenseOnly(BgeM3 model, RunOptions run, List<int[]> texts,
            List<Embedding> expected) {
        List<Embedding> dense = model.encodeTokenIds(texts, EncodeOptions.of(Output.DENSE), run);
        for (int i = 0; i < texts.size(); i++) {
            assertThat(dense.get(i).dense().values()).as("dense only, %s", texts.get(i).length)
                    .isEqualTo(expected.get(i).dense().values());
        }
    }
}
