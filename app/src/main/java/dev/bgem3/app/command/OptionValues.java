package dev.bgem3.app.command;

import dev.bgem3.app.handler.UsageException;
import java.util.Locale;
import java.util.function.Supplier;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/** Checks the values of options, by the library's own checks where it has them. */
final class OptionValues {
    /** The beginning of the library's messages: {@code maxLength: 1 (expected: at least 2)}. */
    private static final Pattern SETTING = Pattern.compile("^([a-zA-Z]+)(?=: )");

    private OptionValues() {}

    /**
     * Returns what {@code make} makes from the values of options. It should do nothing else, since any {@link
     * IllegalArgumentException} is reported as invalid arguments.
     *
     * @throws UsageException
     *             if a value is rejected; the message names the option
     */
    static <T> T checked(Supplier<T> make) {
        try {
            return make.get();
        } catch (IllegalArgumentException e) {
            throw new UsageException(SETTING.matcher(e.getMessage()).replaceFirst(OptionValues::option), e);
        }
    }

    /**
     * Checks that an argument is not empty, and returns it.
     *
     * @throws UsageException
     *             if it is empty; the message names it
     */
    static String notEmpty(String name, String value, String expected) {
        if (value.isEmpty()) {
            throw new UsageException(name + ": empty (expected: " + expected + ")");
        }
        return value;
    }

    /** Returns the option for a setting: {@code --max-length} for {@code maxLength}. */
    private static String option(MatchResult setting) {
        return "--" + setting.group().replaceAll("(?=[A-Z])", "-").toLowerCase(Locale.ROOT);
    }
}
