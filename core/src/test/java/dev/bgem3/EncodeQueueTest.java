package dev.bgem3;

import static dev.bgem3.Embeddings.assertSameBits;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.bgem3.error.InputException;
import dev.bgem3.testsupport.TestSizes;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class EncodeQueueTest {
    private static final int SECONDS = 60;

    private static EncodeOptions random(Random random, ModelInfo info) {
        Set<Output> outputs = EnumSet.of(Output.values()[random.nextInt(3)],
                Output.values()[random.nextInt(3)]);
        EncodeOptions.Builder options = EncodeOptions.builder().outputs(outputs);
        if (random.nextInt(3) == 0) {
            options.pooling(Pooling.values()[random.nextInt(Pooling.values().length)]);
        }
        if (random.nextInt(3) == 0) {
            options.truncateDim(1 + random.nextInt(info.hiddenSize()));
        }
        if (random.nextInt(3) == 0) {
            options.maxLength(2 + random.nextInt(30));
        }
        return options.normalize(random.nextInt(4) > 0).build();
    }

    @ParameterizedTest
    @CsvSource({"vector, 4096, false", "vector, 40, true", "scalar, 64, true"})
    void givesManyThreadsTheSameBitsAsEncode(String kernels, int budget, boolean virtual) throws Exception {
        RandomTexts source = RandomTexts.seeded("encode queue, " + kernels);
        List<String> texts = source.texts(60, 24);
        long seed = source.random().nextLong();
        List<Integer> batches = Collections.synchronizedList(new ArrayList<>());
        QueueOptions options = QueueOptions.builder().tokenBudget(budget)
                .listener((count, _, _, _) -> batches.add(count)).build();
        LoadOptions load = LoadOptions.builder().kernels(KernelKind.of(kernels)).threads(2)
                .queryInstruction("q: ")
                .passageInstruction("p: ").build();
        try (BgeM3 model = BgeM3.load(Fixtures.TINY, load);
                EncodeQueue queue = EncodeQueue.of(model, options);
                ExecutorService pool = virtual
                        ? Executors.newVirtualThreadPerTaskExecutor()
                        : Executors.newFixedThreadPool(16)) {
            List<Future<?>> calls = new ArrayList<>();
            for (int call = 0; call < TestSizes.pick(24, 64); call++) {
                Random random = new Random(seed + call);
                calls.add(pool.submit(() -> {
                    EncodeOptions how = random(random, model.info());
                    List<String> some = random.ints(1 + random.nextInt(4), 0, texts.size())
                            .mapToObj(texts::get)
                            .toList();
                    List<int[]> ids = some.stream().map(text -> model.tokenizer().encode(text, 5).ids())
                            .toList();
                    switch (random.nextInt(4)) {
                        case 0 -> check(queue.encode(some, how).get(), model.encode(some, how));
                        case 1 -> check(queue.encodeQueries(some, how).get(), model.encodeQueries(some, how));
                        case 2 -> check(queue.encodeCorpus(some, how).get(), model.encodeCorpus(some, how));
                        default -> {
                            EncodeOptions whole = EncodeOptions.builder().outputs(how.outputs()).build();
                            check(queue.encodeTokenIds(ids, whole).get(), model.encodeTokenIds(ids, whole));
                        }
                    }
                    return null;
                }));
            }
            for (Future<?> call : calls) {
                call.get(SECONDS, TimeUnit.SECONDS);
            }
            assertThat(queue.state()).isEqualTo(new QueueState(0, 0, 0, 512));
        }
        assertThat(batches).as("texts of batches").anyMatch(count -> count > 1);
    }

    private static void check(QueueResult<Embedding> answer, List<Embedding> expected) {
        assertSameBits("queue", answer.results(), expected);
        assertThat(answer.tokens()).isEqualTo(expected.stream().mapToInt(Embedding::tokenCount).sum());
        assertThat(answer.tokenizing()).isPositive();
        assertThat(answer.waiting().isNegative()).isFalse();
        assertThat(answer.computing()).isPositive();
        assertThat(answer.results()).isUnmodifiable();
    }

    @Test
    void refusesWhatEncodeRefusesAndGivesPermitsBack() {
        try (BgeM3 model = BgeM3.load(Fixtures.TINY);
                EncodeQueue queue = EncodeQueue.of(model, QueueOptions.builder().permits(4).build())) {
            EncodeOptions options = EncodeOptions.defaults();
            assertThatExceptionOfType(InputException.class)
                    .isThrownBy(() -> queue.encode(Arrays.asList("a", null), options))
                    .withMessage("text 1: null (expected: a string)");
            assertThatExceptionOfType(InputException.class)
                    .isThrownBy(() -> queue.encodeTokenIds(List.of(new int[]{0, 2}, new int[]{0, -1, 2}),
                            options))
                    .withMessageStartingWith("text 1: token id -1 (expected: 0..");
            assertThatExceptionOfType(InputException.class)
                    .isThrownBy(() -> queue.encode(List.of("a"),
                            EncodeOptions.builder().truncateDim(129).build()))
                    .withMessage("truncateDim: 129 (expected: 1..128)");
            assertThat(queue.state()).isEqualTo(new QueueState(0, 0, 0, 4));
            assertThat(queue.encode(Collections.nCopies(5, "a"), options).join().results()).hasSize(5);
            assertThat(queue.encode(List.of(), options).join().results()).isEmpty();
        }
    }
}
