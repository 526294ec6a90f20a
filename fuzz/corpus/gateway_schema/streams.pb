
â
a.protopgoogle/api/annotations.proto$hypeman/gateway/v1/transcoding.proto"o
M
n (2.p.M.NRn
a (2.p.M.NRa>
N
o (2.p.M.N.ORo!
O
id (Rid
d (Rd2>
S
A.p.M.p.M(0$
B.p.M.p.M"Ç”‰ì*/a/{n.o.id}bproto3