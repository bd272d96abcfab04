package dev.bgem3.app.command;

import dev.bgem3.Pooling;
import dev.bgem3.Precision;
import java.util.Arrays;
import java.util.function.Function;
import java.util.stream.Collectors;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Parses enum values by the labels that FlagEmbedding gives them. */
final class Labels {
    /** The labels of every {@link Precision}, as the usage shows them. */
    static final String PRECISIONS = "auto|fp32|fp16|bf16|int8";
    /** The labels of {@link dev.bgem3.PackedWeights#PRECISIONS}. */
    static final String CPU_PRECISIONS = "fp32|bf16|int8";

    private Labels() {}

    /** Returns the labels as a list in prose: {@code fp32, bf16 or int8}. */
    static String inWords(String labels) {
        return labels.replaceFirst("\\|([^|]*)$", " or $1").replace("|", ", ");
    }

    private static <E extends Enum<E>> E find(Class<E> type, Function<E, String> label, String word) {
        return Arrays.stream(type.getEnumConstants()).filter(value -> label.apply(value).equals(word))
                .findFirst()
                .orElseThrow(() -> new TypeConversionException("'" + word + "' (expected: "
                        + Arrays.stream(type.getEnumConstants()).map(label).collect(Collectors.joining(", "))
                        + ")"));
    }

    /** Converts the value of {@code --pooling}. */
    static final class OfPooling implements ITypeConverter<Pooling> {
        @Override
        public Pooling convert(String word) {
            return find(Pooling.class, Pooling::label, word);
        }
    }

    /** Converts the values of {@code --precision} and {@code --dtype}. */
    static final class OfPrecision implements ITypeConverter<Precision> {
        @Override
        public Precision convert(String word) {
            return find(Precision.class, Precision::label, word);
        }
    }
}
