package dev.bgem3.app.command;

import dev.bgem3.app.handler.DownloadHandler;
import dev.bgem3.app.handler.UsageException;
import dev.bgem3.app.hub.HubDownload;
import dev.bgem3.app.hub.HubLimits;
import dev.bgem3.app.hub.HubName;
import dev.bgem3.app.stream.ResultFile;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(name = "download", description = """
        Downloads a model from the Hugging Face hub into the cache that Python's huggingface_hub also uses, \
        and prints its folder. It downloads only the files that a model needs, verifies each by its digest, \
        and resumes an interrupted download.""", footer = {"", """
        Environment: HF_ENDPOINT (a mirror), HF_TOKEN or HF_TOKEN_PATH (for models that ask for consent), \
        HF_HUB_CACHE, HF_HOME, XDG_CACHE_HOME (where the cache is), HF_HUB_OFFLINE=1 (as --offline), \
        HF_HUB_DISABLE_PROGRESS_BARS=1, HF_HUB_DISABLE_SYMLINKS=1, and https_proxy, http_proxy, all_proxy \
        and no_proxy, in lower or upper case."""})
final class DownloadCommand implements Callable<Integer> {
    private final Session session;

    @Parameters(index = "0", arity = "0..1", paramLabel = "OWNER/NAME", defaultValue = "BAAI/bge-m3", //
            description = "The model's name on the hub. Default: ${DEFAULT-VALUE}.")
    private String name;

    @Option(names = "--revision", paramLabel = "REVISION", description = """
            A branch, a tag or a commit. Default: for BAAI/bge-m3 the commit whose digests this program \
            knows; for others main, which may change at any time.""")
    private Optional<String> revision = Optional.empty();

    @Option(names = "--cache-dir", paramLabel = "DIR", description = """
            The cache to download into, instead of the environment's. bgem3 finds models only in the \
            environment's.""")
    private Optional<Path> cache = Optional.empty();

    @Option(names = "--local-dir", paramLabel = "DIR", description = """
            Write plain files into this folder instead of the cache: to copy to a machine without a network, \
            or into models/bge-m3, where bgem3 looks first.""")
    private Optional<Path> folder = Optional.empty();

    @Option(names = "--connections", paramLabel = "N", defaultValue = "8", description = """
            The number of connections, which download files, and parts of large ones, in parallel. More help \
            if each is slow; fewer leave a slow network to others. Default: ${DEFAULT-VALUE}.""")
    private int connections;

    @Option(names = "--timeout", paramLabel = "SECONDS", description = """
            The time limit for the whole download; the next call resumes it. A connection that stalls is \
            retried in any case. Default: no limit.""")
    private Optional<Integer> timeout = Optional.empty();

    @Option(names = "--token-file", paramLabel = "FILE", description = """
            A file with the token for the hub. Default: $HF_TOKEN, else the token that 'hf auth login' \
            saved.""")
    private Optional<Path> tokenFile = Optional.empty();

    @Option(names = "--offline", description = """
            Open no connection: print the folder if the model is complete, else say what is missing.""")
    private boolean offline;

    DownloadCommand(Session session) {
        this.session = session;
    }

    @Override
    public Integer call() {
        if (cache.isPresent() && folder.isPresent()) {
            throw new UsageException("--cache-dir together with --local-dir (expected: one or the other)");
        }
        checkFolder("--cache-dir", cache);
        checkFolder("--local-dir", folder);
        timeout.filter(seconds -> seconds < 1).ifPresent(seconds -> {
            throw new UsageException("--timeout: " + seconds + " (expected: at least 1)");
        });
        HubName model = model();
        HubDownload.Request request = OptionValues
                .checked(() -> new HubDownload.Request(model, revision, cache, folder,
                        connections, offline, tokenFile));
        HubLimits limits = HubLimits.USUAL.withTotal(timeout.map(Duration::ofSeconds));
        try (ResultFile result = ResultFile.open("-", session.streams())) {
            Path found = DownloadHandler.run(request, limits, session.streams(), session.environment());
            PrintStream out = new PrintStream(result.stream(), false, StandardCharsets.UTF_8);
            out.println(found);
            out.flush();
            result.complete();
        }
        return ExitCodes.DONE;
    }

    private static void checkFolder(String option, Optional<Path> path) {
        path.ifPresent(words -> OptionValues.notEmpty(option, words.toString(), "a folder"));
    }

    private HubName model() {
        try {
            return HubName.of(OptionValues.notEmpty("OWNER/NAME", name, "a name such as BAAI/bge-m3"));
        } catch (IllegalArgumentException e) {
            throw new UsageException("OWNER/NAME: " + e.getMessage(), e);
        }
    }
}
