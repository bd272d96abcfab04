package dev.bgem3.bench;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.openjdk.jmh.Main;

/**
 * Runs the benchmarks with JMH's own options; those of models run on one model more where the system property
 * {@code bgem3.model} names its folder.
 */
public final class Benchmarks {
    private static final String MODEL_PROPERTY = "bgem3.model";

    private Benchmarks() {}

    /** Takes JMH's options; {@code -h} lists them. */
    public static void main(String... arguments) throws IOException {
        List<String> all = new ArrayList<>(List.of(arguments));
        String folder = System.getProperty(MODEL_PROPERTY);
        if (folder != null) {
            all.addAll(List.of("-p", "model=" + Models.MINI + "," + folder));
        }
        Main.main(all.toArray(String[]::new));
    }
}
