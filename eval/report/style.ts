// The report's style sheet: light and dark by the reader's setting, one column, print on white.

const LIGHT = `--page:#fbfbfa;--card:#ffffff;--ink:#17191d;--muted:#5b6270;--line:#e4e5e8;--harmful:#c2410c;--harmless:#1668a7;--neutral:#6b7280;--accent:#6d3fd1;--shadow:0 1px 2px rgb(20 22 26/.05)`;
const DARK = `--page:#111317;--card:#181b20;--ink:#eceef1;--muted:#a1a8b4;--line:#2c3038;--harmful:#ff8f63;--harmless:#6db5ee;--neutral:#9aa2af;--accent:#b9a0ff;--shadow:none`;

export const STYLE = `
:root{color-scheme:light dark;${LIGHT}}
@media (prefers-color-scheme:dark){:root{${DARK}}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--page);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue","Noto Sans",sans-serif;font-feature-settings:"kern"}
main{max-width:960px;margin:0 auto;padding:56px 28px 80px}
header{margin-bottom:32px}
.eyebrow{margin:0 0 6px;color:var(--accent);font-size:13px;font-weight:650;letter-spacing:.06em;text-transform:uppercase}
h1{margin:0;font-size:34px;line-height:1.15;letter-spacing:-.02em;font-weight:680;text-wrap:balance;overflow-wrap:anywhere}
.lead{margin:14px 0 0;max-width:68ch;color:var(--muted);font-size:17px;text-wrap:pretty}
.lead strong{color:var(--ink);font-weight:600}
h2{margin:56px 0 6px;font-size:22px;letter-spacing:-.01em;line-height:1.25}
h2+p{margin:0 0 18px;max-width:68ch;color:var(--muted)}
h3{margin:0;font-size:16px;line-height:1.35;font-weight:640}
.tiles{display:grid;grid-template-columns:repeat(auto-fill,minmax(200px,1fr));gap:12px;margin:0;padding:0;list-style:none}
.tiles li{padding:16px 18px 15px;background:var(--card);border:1px solid var(--line);border-radius:12px;box-shadow:var(--shadow)}
.tiles .label{display:block;color:var(--muted);font-size:13px;line-height:1.35}
.tiles .value{display:block;margin:4px 0 2px;font-size:29px;line-height:1.15;font-weight:640;letter-spacing:-.02em;font-variant-numeric:tabular-nums}
.tiles .more{display:block;color:var(--muted);font-size:12.5px;line-height:1.4;font-variant-numeric:tabular-nums}
.tiles .key .value{color:var(--accent)}
figure,.card{margin:14px 0 0;padding:20px 22px 16px;background:var(--card);border:1px solid var(--line);border-radius:12px;box-shadow:var(--shadow)}
figcaption p,.card>p{margin:3px 0 0;max-width:72ch;color:var(--muted);font-size:14px;line-height:1.5;text-wrap:pretty}
figure .wide,figure .narrow{margin-top:10px}
.legend{display:flex;flex-wrap:wrap;gap:4px 18px;margin:12px 0 0;padding:0;list-style:none;font-size:13px;color:var(--muted)}
.legend li{display:flex;align-items:center;gap:7px}
.swatch{width:16px;border-top:3px solid currentColor;border-radius:2px}
.swatch.dash{border-top-style:dashed;border-radius:0}
svg{display:block;width:100%;height:auto;color:var(--muted);font:12px/1.3 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue","Noto Sans",sans-serif;font-variant-numeric:tabular-nums;overflow:visible}
svg text{white-space:pre}
.narrow{display:none}
.grid{display:grid;grid-template-columns:repeat(auto-fill,minmax(210px,1fr));gap:18px 22px;margin-top:16px}
.grid>*{max-width:280px}
.grid h4{margin:0;font-size:13px;font-weight:600;overflow-wrap:anywhere}
.grid p{margin:0;color:var(--muted);font-size:12.5px}
.scroll{overflow-x:auto;margin:12px -22px 0;padding:0 22px}
table{width:100%;border-collapse:collapse;font-size:13.5px;font-variant-numeric:tabular-nums}
caption{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
th,td{padding:8px 0 8px 14px;text-align:right;vertical-align:top;white-space:nowrap;border-bottom:1px solid var(--line)}
th:first-child,td:first-child{padding-left:0;text-align:left}
tbody th{font-weight:560}
thead th{color:var(--muted);font-weight:560;font-size:12.5px;line-height:1.3;vertical-align:bottom;white-space:normal;text-wrap:balance}
tbody tr:last-child>*{border-bottom:0}
td small{display:block;color:var(--muted);font-size:11px}
tr.on{background:color-mix(in srgb,var(--accent) 9%,transparent)}
tr.on th{color:var(--accent)}
dl{display:grid;grid-template-columns:minmax(130px,200px) 1fr;gap:0;margin:10px 0 0;font-size:14px}
dt,dd{margin:0;padding:8px 0;border-bottom:1px solid var(--line)}
dt{color:var(--muted);padding-right:18px}
dd{overflow-wrap:anywhere}
dl>:nth-last-child(-n+2){border-bottom:0}
code{font:12.5px/1.4 ui-monospace,"SF Mono",Menlo,Consolas,monospace}
ul.limits{margin:10px 0 4px;padding-left:20px;color:var(--muted);font-size:14px}
ul.limits li{margin:5px 0;max-width:76ch}
.notice{margin:14px 0 0;padding:12px 16px;border-left:3px solid var(--harmful);background:var(--card);font-size:14px}
@media (max-width:640px){main{padding:32px 16px 56px}h1{font-size:27px}.lead{font-size:16px}h2{margin-top:44px;font-size:20px}figure,.card{padding:16px 16px 12px}.scroll{margin:12px -16px 0;padding:0 16px}.tiles{grid-template-columns:repeat(2,minmax(0,1fr));gap:8px}.tiles li{padding:12px 13px}.tiles .value{font-size:23px}.wide{display:none}.narrow{display:block}dl{grid-template-columns:1fr}dt{padding-bottom:0;border-bottom:0}dl>dt:nth-last-child(2){border-bottom:0}}
@media print{:root{${LIGHT};--page:#fff}body{font-size:12px}main{max-width:none;padding:0}figure,.card,.tiles li{break-inside:avoid;box-shadow:none}h2{break-after:avoid;margin-top:28px}.scroll{overflow:visible}.wide{display:block}.narrow{display:none}}
`;
