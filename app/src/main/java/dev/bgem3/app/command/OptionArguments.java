package dev.bgem3.app.command;

import java.util.List;
import java.util.Map;
import java.util.Stack;
import picocli.CommandLine;
import picocli.CommandLine.IParameterPreprocessor;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/**
 * Defines how options take their arguments. After {@code =} any text is an argument, even if it looks like an
 * option. A separate word is an argument unless it names an option, since a forgotten argument is more likely
 * than such a text.
 *
 * <p>
 * picocli either accepts or rejects the names of options as arguments, both after {@code =} and as separate
 * words. So it is set to accept them, and this class rejects the separate words.
 */
final class OptionArguments implements IParameterPreprocessor {
    private static final String END_OF_OPTIONS = "--";
    /**
     * Replaces {@code --} in picocli's input, since picocli would not take {@code --} as an argument even
     * after {@code =}. No word of a command line can contain a NUL.
     */
    private static final String MARKED_END = "\0";

    private OptionArguments() {}

    /** Configures a command line and its commands. */
    static void apply(CommandLine commandLine) {
        commandLine.setAllowOptionsAsOptionParameters(true).setEndOfOptionsDelimiter(MARKED_END);
        OptionArguments arguments = new OptionArguments();
        commandLine.getSubcommands().values().forEach(command -> {
            CommandSpec spec = command.getCommandSpec();
            for (OptionSpec option : List.copyOf(spec.options())) {
                if (option.arity().min() > 0) {
                    spec.remove(option).addOption(option.toBuilder().preprocessor(arguments).build());
                }
            }
        });
    }

    /** Returns the arguments in the form that a configured command line parses. */
    static String[] marked(String... words) {
        String[] marked = words.clone();
        int end = List.of(words).indexOf(END_OF_OPTIONS);
        if (end >= 0) {
            marked[end] = MARKED_END;
        }
        return marked;
    }

    /**
     * Returns the message for invalid marked arguments. If picocli reports a word after {@code --} as an
     * unknown option, it is merely one argument too many.
     */
    static String message(ParameterException failure, String... marked) {
        if (failure instanceof UnmatchedArgumentException unmatched) {
            List<String> words = List.of(marked);
            List<String> left = unmatched.getUnmatched();
            int end = words.indexOf(MARKED_END);
            int first = words.size() - left.size();
            if (end >= 0 && first > end && words.subList(first, words.size()).equals(left)) {
                List<String> taken = failure.getCommandLine().getCommandSpec().positionalParameters().stream()
                        .map(ArgSpec::paramLabel).toList();
                return "'" + left.getFirst() + "' after '" + END_OF_OPTIONS + "' (expected: "
                        + (taken.isEmpty() ? "options alone" : "options, " + String.join(", ", taken)) + ")";
            }
        }
        return failure.getMessage();
    }

    @Override
    public boolean preprocess(Stack<String> words, CommandSpec command, ArgSpec option,
            Map<String, Object> info) {
        boolean attached = info.get("separator").equals(command.parser().separator());
        if (!attached && !words.isEmpty()) {
            refuseOption(words.peek(), command, (OptionSpec) option);
        }
        return false;
    }

    private static void refuseOption(String word, CommandSpec command, OptionSpec option) {
        boolean end = word.equals(MARKED_END);
        int separator = word.indexOf(command.parser().separator());
        String name = separator > 0 ? word.substring(0, separator) : word;
        if (end || command.optionsMap().containsKey(name)) {
            String shown = end ? END_OF_OPTIONS : word;
            throw new ParameterException(command.commandLine(),
                    option.longestName() + ": '" + shown + (end ? "' ends the options" : "' is an option")
                            + " (expected: " + option.paramLabel() + "; " + option.longestName() + "=" + shown
                            + " takes it as it is)",
                    option, shown);
        }
    }
}
