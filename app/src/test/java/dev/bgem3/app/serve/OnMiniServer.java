package dev.bgem3.app.serve;

import dev.bgem3.BgeM3;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/** A server with the default options and the small model, shared by all tests of a class. */
abstract class OnMiniServer {
    static BgeM3 model;
    static ServerFixture server;

    @BeforeAll
    static void start() {
        model = BgeM3.load(ServerFixture.MINI);
        server = new ServerFixture(model, ServerFixture.DEFAULTS);
    }

    @AfterAll
    static void stop() {
        server.close();
        model.close();
    }
}
