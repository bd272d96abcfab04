package dev.bgem3.app.command;

import dev.bgem3.PackedWeights;
import dev.bgem3.Pooling;
import dev.bgem3.Precision;
import dev.bgem3.convert.WeightType;
import java.util.Arrays;
import java.util.Iterator;
import java.util.function.Function;
import java.util.stream.Collectors;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Parses enum values by their labels, and lists the labels for the help and for messages. */
final class Labels {
    private Labels() {}

    /** Returns labels as a list in prose: {@code fp32, bf16 or int8}. */
    static String inWords(Iterable<String> labels) {
        return String.join(", ", labels).replaceFirst(", ([^,]*)$", " or $1");
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

    /** Converts the value of {@code --dtype}. */
    static final class OfWeightType implements ITypeConverter<WeightType> {
        @Override
        public WeightType convert(String word) {
            return find(WeightType.class, WeightType::label, word);
        }
    }

    /** Converts the values of {@code --precision}. */
    static final class OfPrecision implements ITypeConverter<Precision> {
        @Override
        public Precision convert(String word) {
            return find(Precision.class, Precision::label, word);
        }
    }

    /** The labels of all precisions. */
    static final class Precisions implements Iterable<String> {
        @Override
        public Iterator<String> iterator() {
            return Arrays.stream(Precision.values()).map(Precision::label).iterator();
        }
    }

    /** The labels of the precisions that weights can be packed for. */
    static final class PackedPrecisions implements Iterable<String> {
        @Override
        public Iterator<String> iterator() {
            return PackedWeights.PRECISIONS.stream().map(Precision::label).iterator();
        }
    }
}
