package dev.bgem3.browser;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.microsoft.playwright.Browser;
import com.microsoft.playwright.BrowserContext;
import com.microsoft.playwright.BrowserType.LaunchOptions;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.Playwright;
import com.microsoft.playwright.assertions.PlaywrightAssertions;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** The installed Chromium, headless; tests are skipped without it. */
final class Chromium implements AutoCloseable {
    private static final int TIMEOUT_MS = 20_000;
    private static final Path SCREENSHOTS = Path.of("target", "screenshots");

    private final Playwright playwright;
    private final Browser browser;
    private final List<String> faults = new ArrayList<>();

    Chromium() {
        Optional<Path> installed = installed();
        assumeTrue(installed.isPresent(),
                "no Chromium is installed (expected: /usr/bin/chromium, or -Dbgem3.chromium=FILE)");
        PlaywrightAssertions.setDefaultAssertionTimeout(TIMEOUT_MS);
        playwright = Playwright.create(
                new Playwright.CreateOptions().setEnv(Map.of("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1")));
        browser = playwright.chromium().launch(new LaunchOptions().setExecutablePath(installed.get())
                .setArgs(List.of("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                        "--disable-background-networking", "--disable-component-update", "--disable-sync")));
    }

    private static Optional<Path> installed() {
        return Stream
                .of(System.getProperty("bgem3.chromium", ""), "/usr/bin/chromium",
                        "/usr/bin/chromium-browser",
                        "/usr/bin/google-chrome")
                .filter(name -> !name.isEmpty()).map(Path::of).filter(Files::isExecutable).findFirst();
    }

    /** Opens a page in a new context, and records its errors, warnings and dialogs. */
    Page open(Browser.NewContextOptions options) {
        BrowserContext context = browser.newContext(options);
        Page page = context.newPage();
        page.setDefaultTimeout(TIMEOUT_MS);
        page.onConsoleMessage(message -> {
            if (message.type().equals("error") || message.type().equals("warning")) {
                faults.add(message.type() + ": " + message.text());
            }
        });
        page.onPageError(error -> faults.add("uncaught: " + error));
        page.onDialog(dialog -> {
            faults.add("dialog: " + dialog.message());
            dialog.dismiss();
        });
        return page;
    }

    Page open() {
        return open(new Browser.NewContextOptions().setViewportSize(1100, 900));
    }

    /** Checks the recorded faults, each of which must contain the expected text. */
    void assertFaults(String... expected) {
        assertThat(faults).hasSize(expected.length);
        for (int i = 0; i < expected.length; i++) {
            assertThat(faults.get(i)).contains(expected[i]);
        }
    }

    /** Closes all pages and forgets their faults, for the next test. */
    void closePages() {
        browser.contexts().forEach(BrowserContext::close);
        faults.clear();
    }

    /** Saves a screenshot of a whole page, for review. */
    static void keep(Page page, String name) {
        page.screenshot(
                new Page.ScreenshotOptions().setPath(SCREENSHOTS.resolve(name + ".png")).setFullPage(true));
    }

    @Override
    public void close() {
        playwright.close();
    }
}
