package dev.bgem3.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.bgem3.Fixtures;
import dev.bgem3.error.ModelException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ModelConfigTest {
    @TempDir
    private Path folder;

    @Test
    void readsEverySize() {
        assertThat(ModelConfig.read(Fixtures.TINY))
                .isEqualTo(new ModelConfig(ModelFamily.XLM_ROBERTA, 128, 3, 2, 320, 1502, 514, 1, 1e-5f, 2));
        assertThat(ModelConfig.read(Fixtures.MINI))
                .isEqualTo(
                        new ModelConfig(ModelFamily.XLM_ROBERTA, 256, 4, 4, 1024, 15_000, 1026, 1, 1e-5f, 2));
        assertThat(ModelConfig.read(Fixtures.TINY).maxTokens()).isEqualTo(512);
    }

    @Test
    void usesTheReferencesDefaultsIfAKeyIsAbsentOrNull() throws IOException {
        String whole = Files.readString(Fixtures.TINY.resolve("config.json"));
        String bare = whole.replaceAll("\"(layer_norm_eps|pad_token_id|type_vocab_size)\": [^,\\n]*",
                "\"$1\": null");
        Files.writeString(folder.resolve("config.json"), bare);
        assertThat(ModelConfig.read(folder))
                .isEqualTo(new ModelConfig(ModelFamily.XLM_ROBERTA, 128, 3, 2, 320, 1502, 514, 1, 1e-12f, 2));
    }

    @Test
    void takesTheFamilyFromTheModelTypeAlone() throws IOException {
        ModelConfig bert = readWith("model_type", "\"bert\"");
        assertThat(bert.family()).isSameAs(ModelFamily.BERT);
        assertThat(bert.firstPosition()).isZero();
        ModelConfig xlmRoberta = readWith("pad_token_id", "0");
        assertThat(xlmRoberta.family()).isSameAs(ModelFamily.XLM_ROBERTA);
        assertThat(xlmRoberta.firstPosition()).isEqualTo(1);
    }

    @ParameterizedTest
    @CsvSource(delimiter = ';', quoteCharacter = '`', value = {
            "hidden_size; 0; hidden_size: 0 (expected: 1..65536)",
            "hidden_size; -128; hidden_size: -128 (expected: 1..65536)",
            "hidden_size; 65537; hidden_size: 65537 (expected: 1..65536)",
            "hidden_size; 9223372036854775807; hidden_size: 9223372036854775807 (expected: 1..65536)",
            "hidden_size; null; hidden_size: absent (expected: 1..65536)",
            "num_hidden_layers; 0; num_hidden_layers: 0 (expected: 1..1024)",
            "num_hidden_layers; 1025; num_hidden_layers: 1025 (expected: 1..1024)",
            "num_attention_heads; 0; num_attention_heads: 0 (expected: 1..65536)",
            "num_attention_heads; 3; num_attention_heads: 3 (expected: a divisor of hidden_size, 128)",
            "num_attention_heads; 256; num_attention_heads: 256 (expected: a divisor of hidden_size, 128)",
            "hidden_size; 65536; hidden_size: 3 · 65536 · 65536 (expected: a product of at most 1073741824)",
            "hidden_size; 18920; hidden_size: 3 · 18920 · 18920 (expected: a product of at most 1073741824)",
            "intermediate_size; -1; intermediate_size: -1 (expected: 1..65536)",
            "vocab_size; 4; vocab_size: 4 (expected: 5..16777216)",
            "vocab_size; 16777217; vocab_size: 16777217 (expected: 5..16777216)",
            "max_position_embeddings; 3; max_position_embeddings: 3 (expected: 4..16777216)",
            "type_vocab_size; 0; type_vocab_size: 0 (expected: 1..1024)",
            "pad_token_id; -1; pad_token_id: -1 (expected: 0..1501)",
            "pad_token_id; 1502; pad_token_id: 1502 (expected: 0..1501)",
            "layer_norm_eps; 0; layer_norm_eps: 0.0 (expected: above 0, below 1)",
            "layer_norm_eps; -1e-5; layer_norm_eps: -1.0E-5 (expected: above 0, below 1)",
            "layer_norm_eps; 1; layer_norm_eps: 1.0 (expected: above 0, below 1)",
            "model_type; \"bart\"; model_type: \"bart\" (expected: \"xlm-roberta\" or \"bert\")",
            "model_type; null; model_type: absent (expected: \"xlm-roberta\" or \"bert\")",
            "hidden_act; \"gelu_new\"; hidden_act: \"gelu_new\" (expected: \"gelu\")",
            "hidden_act; \"relu\"; hidden_act: \"relu\" (expected: \"gelu\")"})
    void namesTheValueThatIsOutOfRange(String key, String json, String message) throws IOException {
        assertThatExceptionOfType(ModelException.class).isThrownBy(() -> readWith(key, json))
                .withMessage(folder.resolve("config.json") + ": " + message);
    }

    @ParameterizedTest
    @CsvSource(delimiter = ';', quoteCharacter = '`', value = {"hidden_size; \"128\"", "hidden_size; 128.5",
            "hidden_size; 1e999",
            "hidden_size; 99999999999999999999", "num_hidden_layers; [3]", "num_attention_heads; true",
            "vocab_size; {}", "layer_norm_eps; \"1e-5\"", "model_type; 7", "hidden_act; []"})
    void namesTheKeyWhoseValueIsOfTheWrongType(String key, String json) {
        assertThatExceptionOfType(ModelException.class).isThrownBy(() -> readWith(key, json))
                .withMessageStartingWith(folder.resolve("config.json") + ": \"" + key + "\": ")
                .withMessageContaining("(expected: ");
    }

    @Test
    void namesBothSizesOfAProductThatIsTooLarge() throws IOException {
        Path file = folder.resolve("config.json");
        Files.writeString(file, Files.readString(Fixtures.TINY.resolve("config.json"))
                .replaceFirst("\"hidden_size\": 128", "\"hidden_size\": 16640")
                .replaceFirst("\"intermediate_size\": 320", "\"intermediate_size\": 65536"));
        assertThatExceptionOfType(ModelException.class).isThrownBy(() -> ModelConfig.read(folder))
                .withMessage(file + ": hidden_size, intermediate_size: 16640 · 65536"
                        + " (expected: a product of at most 1073741824)");
    }

    @ParameterizedTest
    @ValueSource(strings = {"relative_key", "rotary"})
    void refusesOtherPositionEmbeddings(String type) throws IOException {
        String whole = Files.readString(Fixtures.MINI.resolve("config.json"));
        Files.writeString(folder.resolve("config.json"), whole.replace("absolute", type));
        assertThatExceptionOfType(ModelException.class).isThrownBy(() -> ModelConfig.read(folder))
                .withMessage(folder.resolve("config.json") + ": position_embedding_type: \"" + type
                        + "\" (expected: \"absolute\")");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "[]", "7", "{", "{\"model_type\": \"xlm-roberta\"} x",
            "{\"hidden_size\": 1, \"hidden_size\": 1}", "\u0000"})
    void namesTheFileThatIsNotAnObject(String content) throws IOException {
        Files.writeString(folder.resolve("config.json"), content);
        assertThatExceptionOfType(ModelException.class).isThrownBy(() -> ModelConfig.read(folder))
                .withMessageStartingWith(folder.resolve("config.json") + ": ");
    }

    @Test
    void refusesInvalidUtf8AndFilesThatAreTooLarge() throws IOException {
        Path file = folder.resolve("config.json");
        Files.write(file, "{\"model_type\": \"xlm\u00ff\"}".getBytes(StandardCharsets.ISO_8859_1));
        assertThatExceptionOfType(ModelException.class).isThrownBy(() -> ModelConfig.read(folder))
                .withMessageStartingWith(file + ": ");
        Files.write(file, new byte[(16 << 20) + 1]);
        assertThatExceptionOfType(ModelException.class).isThrownBy(() -> ModelConfig.read(folder))
                .withMessage(file + ": 16777217 bytes (expected: at most 16777216)");
    }

    private ModelConfig readWith(String key, String json) throws IOException {
        String whole = Files.readString(Fixtures.TINY.resolve("config.json"));
        String changed = whole.replaceFirst(Pattern.quote("\"" + key + "\": ") + "[^,\\n]*",
                "\"" + key + "\": " + json.replace("\\", "\\\\"));
        assertThat(changed).isNotEqualTo(whole);
        Files.writeString(folder.resolve("config.json"), changed);
        return ModelConfig.read(folder);
    }
}
