package dev.bgem3.sample;

import dev.bgem3.convert.SyntheticModel.Sizes;
import dev.bgem3.convert.SyntheticModel;
import java.nio.file.Path;
import java.util.Optional;

/** Starts to write a model and waits, with part of it written, until the process is killed. */
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
