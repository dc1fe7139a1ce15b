{{- /* The name that Envoy Gateway gives the filter: EnvoyExtensionPolicy, namespace, name, place. */ -}}
{{- define "paddock.gatewayFilter" -}}
envoy.filters.http.wasm/envoyextensionpolicy/{{ .Release.Namespace }}/{{ include "paddock.name" . }}/wasm/0
{{- end -}}

{{- /* One change of the listener: {root, jsonPath, path, value}. */ -}}
{{- define "paddock.listenerPatch" -}}
- type: type.googleapis.com/envoy.config.listener.v3.Listener
  # NAMESPACE/GATEWAY/LISTENER.
  name: {{ .root.Release.Namespace }}/{{ include "paddock.name" .root }}/{{ include "paddock.scheme" .root }}
  operation:
    op: add
    {{- with .jsonPath }}
    jsonPath: {{ . | quote }}
    {{- end }}
    path: {{ .path }}
    value:
      {{- .value | toYaml | nindent 6 }}
{{- end -}}

{{- define "paddock.hostnames" -}}
{{- if not (has "*" .Values.hosts) -}}
hostnames:
  {{- toYaml .Values.hosts | nindent 2 }}
{{- end -}}
{{- end -}}
