/** The work of each command, free of how it was asked for. */
package dev.bgem3.app.handler;
