package dev.bgem3.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bgem3.Fixtures;
import dev.bgem3.error.ModelException;
import dev.bgem3.testsupport.Mutator;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class ModelConfigFuzzTest {
    private static final int INPUTS = 20_000;

    @Test
    void readsSizesWithinTheirRangesOrThrowsAModelException() throws IOException {
        List<byte[]> seeds = List.of(Files.readAllBytes(Fixtures.TINY.resolve("config.json")),
                Files.readAllBytes(Fixtures.MINI.resolve("config.json")),
                """
                        {"model_type":"xlm-roberta","hidden_act":"gelu","hidden_size":8,\
                        "num_hidden_layers":1,"num_attention_heads":2,"intermediate_size":9,\
                        "vocab_size":10,"max_position_embeddings":6}"""
                        .getBytes(StandardCharsets.UTF_8));
        Path file = Path.of("folder", "config.json");
        Mutator.fuzz("config.json", INPUTS, seeds, bytes -> {
            try {
                check(ConfigFile.parse(file, bytes, json -> ModelConfig.of(file, json)));
            } catch (ModelException e) {
                assertThat(e.getMessage()).startsWith("folder/config.json: ");
            }
        });
    }

    private static void check(ModelConfig config) {
        assertThat(config.hiddenSize()).isBetween(1, 65_536);
        assertThat(config.hiddenSize() % config.headCount()).isZero();
        assertThat(config.layerCount()).isBetween(1, 1_024);
        assertThat(config.intermediateSize()).isBetween(1, 65_536);
        assertThat(config.vocabSize()).isBetween(5, 16_777_216);
        assertThat(config.firstPosition()).isBetween(0, config.vocabSize());
        assertThat(config.maxTokens()).isBetween(2, 16_777_216);
        assertThat(config.layerNormEps()).isPositive().isLessThanOrEqualTo(1);
    }
}
