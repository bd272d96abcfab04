package dev.bgem3.sample;

import dev.bgem3.convert.SyntheticModel.Sizes;
import dev.bgem3.convert.SyntheticModel;
import java.nio.file.Path;
import java.util.Optional;

/** Writes a model and stops, with part of it written, until it is ended from outside. */
final class WriteMain {
    private WriteMain() {}

    public static void main(String[] arguments) {
        Sizes sizes = new Sizes(2, 512, 8, 2048, 5000, 66);
        SyntheticModel.write(Path.of(arguments[0]), sizes, 1, Optional.empty(), (bytes, totalBytes) -> {
            System.out.println(bytes + " of " + totalBytes);
            try {
                Thread.sleep(60_000);
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        });
    }
}
