package dev.bgem3.app.handler;

import dev.bgem3.app.hub.HubDownload;
import dev.bgem3.app.hub.HubEnvironment;
import dev.bgem3.app.hub.HubLimits;
import dev.bgem3.app.stream.Streams;
import java.net.http.HttpClient;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/** Downloads a model from the hub. */
public final class DownloadHandler {
    private DownloadHandler() {}

    /**
     * Downloads and verifies a model, and returns its folder.
     *
     * @param environment
     *            the process's environment variables
     */
    public static Path run(HubDownload.Request request, HubLimits limits, Streams streams,
            Map<String, String> environment) {
        HubEnvironment hub = new HubEnvironment(environment);
        Streams shown = hub.progress()
                ? streams
                : new Streams(streams.in(), streams.out(), streams.err(), Optional.empty());
        return new HubDownload(hub, request, limits, HttpClient.Builder::build, new DownloadProgress(shown))
                .run();
    }
}
