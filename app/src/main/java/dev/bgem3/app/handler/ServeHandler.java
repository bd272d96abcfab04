package dev.bgem3.app.handler;

import dev.bgem3.Device;
import dev.bgem3.ModelInfo;
import dev.bgem3.app.serve.Identity;
import dev.bgem3.app.serve.ServeOptions;
import dev.bgem3.app.serve.ServedModel;
import dev.bgem3.app.serve.TextServer;
import dev.bgem3.app.stream.Streams;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Collectors;

/** Serves a model over HTTP until the process gets a signal to stop. */
public final class ServeHandler {
    private final ServedModel model;
    private final Identity identity;
    private final ServeOptions options;
    private final Streams streams;
    private final CountDownLatch stopped = new CountDownLatch(1);

    /**
     * Creates a handler.
     *
     * @param version
     *            the version of this program
     */
    public ServeHandler(ServedModel model, String version, ServeOptions options, Streams streams) {
        this.model = model;
        identity = new Identity(modelName(model.info().folder()), version);
        this.options = options;
        this.streams = streams;
    }

    /** Serves until SIGTERM, SIGINT or an interrupt of this thread. */
    public void run() {
        TextServer server = TextServer.start(model, identity, options, streams.err());
        Thread onSignal = Thread.ofPlatform().name("bgem3-shutdown").unstarted(() -> {
            stop(server);
            // A requested stop is not a failure, but the signal's exit code would report one.
            Runtime.getRuntime().halt(0);
        });
        Runtime.getRuntime().addShutdownHook(onSignal);
        announce(server);
        try {
            stopped.await();
        } catch (InterruptedException _) {
            Runtime.getRuntime().removeShutdownHook(onSignal);
            stop(server);
        }
    }

    private void stop(TextServer server) {
        streams.say("stopping");
        server.close();
        streams.say("stopped; " + server.answered() + " of " + server.accepted() + " requests answered");
        stopped.countDown();
    }

    private void announce(TextServer server) {
        ModelInfo info = model.info();
        streams.say("serving " + identity.modelName() + " at http://" + options.host() + ":"
                + server.port() + " ("
                + info.kernelDescription() + ", " + info.precision().label() + ", "
                + info.devices().stream().map(Device::toString).collect(Collectors.joining(", ")) + ")");
    }

    /** Returns a model's name; in the cache it is two levels up: {@code models--BAAI--bge-m3}. */
    static String modelName(Path folder) {
        Path whole = folder.toAbsolutePath().normalize();
        String prefix = "models--";
        Path repository = whole.getParent() == null ? null : whole.getParent().getParent();
        if (repository != null && repository.getFileName() != null
                && repository.getFileName().toString().startsWith(prefix)) {
            return repository.getFileName().toString().substring(prefix.length()).replace("--", "/");
        }
        return whole.getFileName() == null ? whole.toString() : whole.getFileName().toString();
    }
}
