package dev.bgem3.app.command;

import dev.bgem3.app.handler.UsageException;
import java.util.Locale;
import java.util.function.Supplier;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/** Makes the library's records of settings, which check their values, from the values of options. */
final class OptionValues {
    /** How the records' messages begin: {@code maxLength: 1 (expected: at least 2)}. */
    private static final Pattern SETTING = Pattern.compile("^([a-zA-Z]+)(?=: )");

    private OptionValues() {}

    /**
     * What {@code make} makes. Only that should happen in there: any {@link IllegalArgumentException} counts
     * as the fault of the call's words.
     *
     * @throws UsageException
     *             where a value is refused; the message names the option
     */
    static <T> T checked(Supplier<T> make) {
        try {
            return make.get();
        } catch (IllegalArgumentException e) {
            throw new UsageException(SETTING.matcher(e.getMessage()).replaceFirst(OptionValues::option), e);
        }
    }

    /**
     * An argument that is not empty.
     *
     * @throws UsageException
     *             where it is; the message names it
     */
    static String notEmpty(String name, String value, String expected) {
        if (value.isEmpty()) {
            throw new UsageException(name + ": empty (expected: " + expected + ")");
        }
        return value;
    }

    /** {@code maxLength} is set by {@code --max-length}. */
    private static String option(MatchResult setting) {
        return "--" + setting.group().replaceAll("(?=[A-Z])", "-").toLowerCase(Locale.ROOT);
    }
}
