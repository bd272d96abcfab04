package dev.bgem3.app.hub;

import java.io.IOException;
import java.net.Authenticator;
import java.net.InetSocketAddress;
import java.net.PasswordAuthentication;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.SocketAddress;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * Proxies from the environment: {@code https_proxy}, {@code http_proxy} and {@code all_proxy}, and
 * {@code no_proxy} for hosts that need none. Lower-case names take precedence over upper-case ones.
 *
 * <p>
 * Immutable.
 */
final class HubProxies extends ProxySelector {
    /**
     * The authentication schemes not allowed when tunnelling through a proxy; by default Java includes Basic.
     */
    private static final String TUNNELING = "jdk.http.auth.tunneling.disabledSchemes";

    private final Optional<URI> http;
    private final Optional<URI> https;
    private final List<String> direct;

    HubProxies(HubEnvironment environment) {
        http = proxy(environment, "http_proxy").or(() -> proxy(environment, "all_proxy"));
        https = proxy(environment, "https_proxy").or(() -> proxy(environment, "all_proxy"));
        direct = either(environment, "no_proxy").stream()
                .flatMap(words -> List.of(words.split("[,\\s]+")).stream())
                .filter(word -> !word.isEmpty()).map(word -> word.toLowerCase(Locale.ROOT)).toList();
    }

    private static Optional<String> either(HubEnvironment environment, String name) {
        return environment.value(name).or(() -> environment.value(name.toUpperCase(Locale.ROOT)));
    }

    private static Optional<URI> proxy(HubEnvironment environment, String name) {
        return either(environment, name).map(words -> {
            try {
                URI uri = URI.create(words.contains("://") ? words : "http://" + words);
                if ("http".equals(uri.getScheme()) && uri.getHost() != null) {
                    return uri;
                }
            } catch (IllegalArgumentException e) {
                throw new HubException(fault(name), e);
            }
            throw new HubException(fault(name));
        });
    }

    /** Returns the message without the value, which may contain a password. */
    private static String fault(String name) {
        return name + ": not a proxy that can be used (expected: http://host:port)";
    }

    /** Returns an authenticator with the user name and password from the proxies' URLs, if there are any. */
    Optional<Authenticator> authenticator() {
        if (credentials(http).isEmpty() && credentials(https).isEmpty()) {
            return Optional.empty();
        }
        if (System.getProperty(TUNNELING) == null) {
            // Java reads this when the first client is created. Only the proxy that the user chose gets the
            // password.
            System.setProperty(TUNNELING, "");
        }
        return Optional.of(new Authenticator() {
            @Override
            protected PasswordAuthentication getPasswordAuthentication() {
                if (getRequestorType() != RequestorType.PROXY) {
                    return null;
                }
                for (Optional<URI> proxy : List.of(https, http)) {
                    if (proxy.isPresent() && proxy.get().getHost().equalsIgnoreCase(getRequestingHost())
                            && port(proxy.get()) == getRequestingPort()) {
                        return credentials(proxy).orElse(null);
                    }
                }
                return null;
            }
        });
    }

    private static Optional<PasswordAuthentication> credentials(Optional<URI> proxy) {
        return proxy.map(URI::getRawUserInfo).map(words -> {
            int colon = words.indexOf(':');
            String user = colon < 0 ? words : words.substring(0, colon);
            String password = colon < 0 ? "" : words.substring(colon + 1);
            return new PasswordAuthentication(decoded(user), decoded(password).toCharArray());
        });
    }

    private static String decoded(String words) {
        return URLDecoder.decode(words.replace("+", "%2B"), StandardCharsets.UTF_8);
    }

    private static int port(URI proxy) {
        return proxy.getPort() < 0 ? 80 : proxy.getPort();
    }

    @Override
    public List<Proxy> select(URI uri) {
        Optional<URI> proxy = "https".equalsIgnoreCase(uri.getScheme()) ? https : http;
        if (proxy.isEmpty() || isDirect(uri)) {
            return List.of(Proxy.NO_PROXY);
        }
        InetSocketAddress address = InetSocketAddress.createUnresolved(proxy.get().getHost(),
                port(proxy.get()));
        return List.of(new Proxy(Proxy.Type.HTTP, address));
    }

    private boolean isDirect(URI uri) {
        String host = uri.getHost().toLowerCase(Locale.ROOT);
        return direct.stream().anyMatch(word -> {
            String name = word.replaceFirst("^\\*?\\.", "");
            return word.equals("*") || host.equals(name) || host.endsWith("." + name)
                    || (host + ":" + uri.getPort()).equals(name);
        });
    }

    @Override
    public void connectFailed(URI uri, SocketAddress address, IOException failure) {
        // Nothing to do: there is no second proxy, and the caller gets the failure.
    }
}
