package dev.bgem3.tokenizer.sample;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bgem3.tokenizer.Encoding;
import dev.bgem3.tokenizer.Tokenizer;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** The documentation's snippets about tokenizers. */
class TokenizerSamplesTest {
    private static final Path FOLDER = Path.of(System.getProperty("bgem3.root", ".."), "models",
            "bge-m3-mini");

    @Test
    void encodes() {
        // @start region="encode"
        // @replace region regex="FOLDER" replacement='Path.of("models/bge-m3")'
        Tokenizer tokenizer = Tokenizer.load(FOLDER);
        Encoding encoding = tokenizer.encode("What is BGE M3?");
        for (int i = 0; i < encoding.length(); i++) {
            System.out.println(encoding.id(i) + " " + tokenizer.piece(encoding.id(i)));
        }
        String text = tokenizer.decode(encoding.ids());
        // @end
        // @end
        assertThat(text).isEqualTo("<s> What is BGE M3?</s>");
    }
}
