package dev.bgem3.engine;

import dev.bgem3.error.BackendException;
import java.util.List;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * A parsed request for devices, such as {@code cuda:0,1}.
 *
 * @param text
 *            the text that was parsed
 * @param kind
 *            {@link #AUTO} or a kind of device, such as {@link #CPU}
 * @param all
 *            whether all devices of the kind are requested
 * @param numbers
 *            the requested device numbers; 0 if the text has none
 */
public record DeviceRequest(String text, String kind, boolean all, List<Integer> numbers) {
    public static final String AUTO = "auto";
    public static final String CPU = "cpu";
    private static final String ALL = "all";
    private static final Pattern FORMAT = Pattern
            .compile("auto|cpu|(cuda)(?::(all|\\d{1,4}(?:,\\d{1,4})*))?");

    /**
     * Parses {@code auto}, {@code cpu}, {@code cuda}, {@code cuda:N}, {@code cuda:N,N} or {@code cuda:all}.
     */
    public static DeviceRequest parse(String text) {
        Objects.requireNonNull(text, "device");
        Matcher matcher = FORMAT.matcher(text);
        if (!matcher.matches()) {
            throw new IllegalArgumentException(
                    "device: " + text + " (expected: auto, cpu, cuda, cuda:N, cuda:N,N or cuda:all)");
        }
        String which = matcher.group(2);
        if (which == null) {
            return new DeviceRequest(text, matcher.group(1) == null ? text : matcher.group(1), false,
                    List.of(0));
        }
        if (which.equals(ALL)) {
            return new DeviceRequest(text, matcher.group(1), true, List.of());
        }
        List<Integer> numbers = Stream.of(which.split(",")).map(Integer::valueOf).toList();
        if (numbers.stream().distinct().count() < numbers.size()) {
            throw new IllegalArgumentException("device: " + text + " (expected: each number once)");
        }
        return new DeviceRequest(text, matcher.group(1), false, numbers);
    }

    /** Returns a request for one device of a kind; the CPU's has no number. */
    public static DeviceRequest of(String kind, int number) {
        return new DeviceRequest(kind.equals(CPU) ? kind : kind + ":" + number, kind, false, List.of(number));
    }

    /** Returns the numbers of the requested devices if a provider has {@code count}. */
    List<Integer> among(int count) {
        if (all) {
            return IntStream.range(0, count).boxed().toList();
        }
        if (numbers.stream().anyMatch(number -> number >= count)) {
            String last = kind + ":" + (count - 1);
            throw new BackendException("device: " + text + " (expected: "
                    + (count == 1 ? last : kind + ":0 .. " + last) + ", as this machine has " + count + ")");
        }
        return numbers;
    }
}
