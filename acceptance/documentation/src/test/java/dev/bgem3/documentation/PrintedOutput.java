package dev.bgem3.documentation;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a page shows as output, beside what commands printed. {@code …} stands for anything: in a line for the
 * rest of it or a part, as a line for any number of lines. Numbers with a point may differ in their last
 * digits, as other processors' sums do.
 */
final class PrintedOutput {
    private static final String ANYTHING = "…";
    private static final Pattern DECIMAL = Pattern.compile("-?\\d+\\.\\d+(?:E-?\\d+)?");
    private static final Pattern PART = Pattern.compile(ANYTHING + "|" + DECIMAL);
    private static final double TOLERANCE = 2e-4;
    private static final int MAX_QUOTED = 400;

    private PrintedOutput() {}

    /** What is shown and was not printed, or was printed to standard output and is not shown. */
    static List<String> differences(List<String> shown, List<String> out, List<String> err) {
        List<String> differences = new ArrayList<>();
        List<String> left = new ArrayList<>(out);
        List<String> messages = new ArrayList<>(err);
        for (String line : shown) {
            if (!line.equals(ANYTHING) && !take(line, left) && !take(line, messages)) {
                differences.add("shown, not printed: " + line);
            }
        }
        if (!shown.contains(ANYTHING)) {
            left.forEach(line -> differences.add("printed, not shown: " + beginning(line)));
        }
        return differences;
    }

    private static String beginning(String line) {
        return line.length() <= MAX_QUOTED ? line : line.substring(0, MAX_QUOTED) + ANYTHING;
    }

    private static boolean take(String shown, List<String> printed) {
        Optional<String> found = printed.stream().filter(line -> matches(shown, line)).findFirst();
        found.ifPresent(printed::remove);
        return found.isPresent();
    }

    private static boolean matches(String shown, String printed) {
        StringBuilder regex = new StringBuilder();
        List<Double> numbers = new ArrayList<>();
        Matcher part = PART.matcher(shown);
        int end = 0;
        while (part.find()) {
            regex.append(Pattern.quote(shown.substring(end, part.start())));
            if (part.group().equals(ANYTHING)) {
                regex.append(".*");
            } else {
                regex.append('(').append(DECIMAL.pattern()).append(')');
                numbers.add(Double.valueOf(part.group()));
            }
            end = part.end();
        }
        regex.append(Pattern.quote(shown.substring(end)));
        Matcher line = Pattern.compile(regex.toString()).matcher(printed);
        if (!line.matches()) {
            return false;
        }
        for (int i = 0; i < numbers.size(); i++) {
            if (Math.abs(numbers.get(i) - Double.parseDouble(line.group(i + 1))) > TOLERANCE) {
                return false;
            }
        }
        return true;
    }
}
