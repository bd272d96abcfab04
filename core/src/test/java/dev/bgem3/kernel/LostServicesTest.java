package dev.bgem3.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import dev.bgem3.error.BackendException;
import java.io.File;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Enumeration;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Tests a jar of several in which another's file of services has replaced that of the library. */
class LostServicesTest {
    private static final String FILE = "META-INF/services/dev.bgem3.kernel.KernelProvider";

    @TempDir
    private Path folder;

    /** The library's classes with this file of services. */
    private static final class OneJar extends URLClassLoader {
        private final URL services;

        OneJar(List<URL> classes, URL services) {
            super(classes.toArray(URL[]::new), ClassLoader.getPlatformClassLoader());
            this.services = services;
        }

        @Override
        public Enumeration<URL> findResources(String name) throws IOException {
            return name.equals(FILE)
                    ? Collections.enumeration(List.of(services))
                    : super.findResources(name);
        }
    }

    @ParameterizedTest
    @CsvSource({"'', none", "dev.bgem3.kernel.jit.JitProvider, jit alone"})
    void namesTheFileOfServices(String lines, String found) throws Exception {
        List<URL> classes = new ArrayList<>();
        for (String entry : System.getProperty("java.class.path").split(File.pathSeparator)) {
            classes.add(Path.of(entry).toUri().toURL());
        }
        for (Class<?> here : List.of(KernelProviders.class, dev.bgem3.text.Messages.class)) {
            classes.add(here.getProtectionDomain().getCodeSource().getLocation());
        }
        Path services = Files.writeString(folder.resolve("services"), lines);
        try (OneJar jar = new OneJar(classes, services.toUri().toURL())) {
            Class<?> providers = jar.loadClass(KernelProviders.class.getName());
            Throwable thrown = null;
            try {
                providers.getMethod("all").invoke(null);
            } catch (InvocationTargetException e) {
                thrown = e.getCause();
            }
            assertThat(thrown.getClass().getName()).isEqualTo(BackendException.class.getName());
            assertThat(thrown)
                    .hasMessageStartingWith("kernels: " + found + " (expected: scalar among them; the "
                            + "file " + FILE + " has lost the lines of this library")
                    .hasMessageContaining("ServicesResourceTransformer");
        }
    }
}
