{{- /* Beside an Envoy, from before its start until after its end: {root, admin}. */ -}}
{{- define "paddock.reconcile" -}}
name: paddock-reconcile
restartPolicy: Always
image: {{ include "paddock.image" (dict "root" .root "image" .root.Values.image) }}
args: [reconcile, --follow, --rotate-at, "256", --envoy-admin, {{ .admin | quote }}, /var/log/paddock/access.log]
env:
- {name: PADDOCK_URL, value: "http://{{ include "paddock.name" .root }}.{{ .root.Release.Namespace }}.svc:10080"}
- {{- include "paddock.gatewayToken" .root | nindent 2 }}
resources:
  {{- toYaml .root.Values.reconcile.resources | nindent 2 }}
securityContext:
  {{- include "paddock.containerSecurity" .root | nindent 2 }}
volumeMounts:
- {name: paddock-log, mountPath: /var/log/paddock}
{{- end -}}
