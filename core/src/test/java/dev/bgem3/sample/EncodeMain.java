package dev.bgem3.sample;

import dev.bgem3.BgeM3;
import dev.bgem3.Embedding;
import dev.bgem3.EncodeOptions;
import dev.bgem3.Output;
import java.nio.file.Path;
import java.util.Arrays;

/** A user's program: loads a folder twice, and prints the kernels and the outputs of the texts. */
public final class EncodeMain {
    private EncodeMain() {}

    /** Takes the folder and then texts. */
    public static void main(String[] arguments) {
        Path folder = Path.of(arguments[0]);
        BgeM3.load(folder).close();
        try (BgeM3 model = BgeM3.load(folder)) {
            System.out.println(model.info().kernels());
            System.out.println(BgeM3.class.getModule().isNamed());
            for (String text : Arrays.copyOfRange(arguments, 1, arguments.length)) {
                Embedding embedding = model.encode(text, EncodeOptions.of(Output.DENSE, Output.SPARSE));
                System.out.println(Arrays.toString(embedding.dense().values()));
                System.out.println(embedding.lexicalWeights());
            }
        }
    }
}
