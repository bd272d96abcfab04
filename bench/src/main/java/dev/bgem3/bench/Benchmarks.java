package dev.bgem3.bench;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.openjdk.jmh.Main;

/**
 * Runs the benchmarks with JMH's options; the benchmarks of models also run on the model in the folder that
 * the system property {@code bgem3.model} names.
 */
public final class Benchmarks {
    private static final String MODEL_PROPERTY = "bgem3.model";

    private Benchmarks() {}

    /** Runs the benchmarks with JMH's options, which {@code -h} lists. */
    public static void main(String... arguments) throws IOException {
        List<String> all = new ArrayList<>(List.of(arguments));
        String folder = System.getProperty(MODEL_PROPERTY);
        if (folder != null) {
            all.addAll(List.of("-p", "model=" + Models.MINI + "," + folder));
        }
        Main.main(all.toArray(String[]::new));
    }
}
