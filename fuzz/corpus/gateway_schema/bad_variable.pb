
É
a.protopgoogle/api/annotations.proto$hypeman/gateway/v1/transcoding.proto"
M2$
S
A.p.M.p.M"Ç”‰ì/a/{x}bproto3