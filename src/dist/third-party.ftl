The libraries in lib/ and their licences, as their projects declare them. Their own texts are in the folders beside this
file; those without one are under the Apache License 2.0 of ../LICENSE, jline.txt, progressbar.txt, or, for the part of
prometheus-metrics-exposition-formats that is Protocol Buffers, protobuf.txt. Where there is a choice of licences, it is
the first that is taken.

<#list dependencyMap as e>
${e.getKey().artifactId} ${e.getKey().version}: ${e.getValue()?join(", or ")}
</#list>
