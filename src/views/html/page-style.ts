// How the page looks: the reader's own fonts, one column, colour for verdicts only, light and dark,
// on a phone and on paper.
import { paletteCss } from '../svg/palette.ts'
import { MONO, PLOT_CSS, SANS } from '../svg/plot-style.ts'

export const PAGE_CSS = `
${paletteCss(':root')}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;text-size-adjust:100%}
body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.5 ${SANS};font-variant-numeric:tabular-nums}
main{max-width:960px;margin:0 auto;padding:32px 40px 48px}
h1,h2,p,dl,dd,figure,ul{margin:0}
p,dd,li,figcaption{text-wrap:pretty}
h1{font-size:22px;line-height:1.3;letter-spacing:-.01em;overflow-wrap:anywhere}
h2{font-size:16px;line-height:1.4;overflow-wrap:anywhere}
section{margin-top:36px}
code,th[scope=row]{font-family:${MONO}}
code{font-size:.92em;overflow-wrap:anywhere}
.soft,caption,figcaption{color:var(--soft);font-size:13px}
.lead{margin-top:4px;max-width:68ch;overflow-wrap:anywhere}
.top{display:flex;flex-wrap:wrap;gap:0 16px;align-items:baseline;justify-content:space-between}
.advice{margin-top:24px;padding:16px 20px;background:var(--shade);border-left:4px solid var(--undecided);border-radius:2px 8px 8px 2px;overflow-wrap:anywhere}
.advice strong{display:block;font-size:26px;line-height:1.3;letter-spacing:-.02em;font-weight:650}
.advice p{max-width:72ch}
.advice.ship,.advice.choose{border-color:var(--better)}
.advice.ship strong,.advice.choose strong{color:var(--better)}
.advice.retire,.advice.investigate{border-color:var(--worse)}
.advice.retire strong,.advice.investigate strong{color:var(--worse)}
.facts{display:grid;grid-template-columns:max-content 1fr;gap:6px 20px;margin-top:24px;font-size:14px}
.facts dt{color:var(--soft)}
.facts dd{overflow-wrap:anywhere}
figure{margin-top:12px}
figure svg{display:block;width:100%;height:auto}
figcaption{margin-top:8px}
.narrow{display:none}
figure+.scroll{margin-top:20px}
.scroll{margin-top:8px;overflow-x:auto}
.scroll:focus-visible{outline:2px solid var(--zero);outline-offset:2px}
table{min-width:min(100%,640px);border-collapse:collapse;font-size:13px;line-height:1.4}
caption{text-align:left;padding-bottom:8px}
caption span{position:sticky;left:0;display:inline-block;max-width:min(76ch,100vw - 32px);overflow-wrap:anywhere;text-wrap:pretty}
th,td{padding:6px 0 6px 20px;text-align:right;white-space:nowrap;font-weight:400;vertical-align:baseline}
thead th{color:var(--soft);font-size:12px;vertical-align:bottom}
thead tr:last-child>*{border-bottom:1px solid var(--zero)}
thead th>span{display:block;border-bottom:1px solid var(--hair);padding-bottom:3px}
tbody tr+tr>*{border-top:1px solid var(--hair)}
th:first-child{position:sticky;left:0;background:var(--paper);padding:6px 8px 6px 0;text-align:left;white-space:normal}
.long{display:block;min-width:min(13rem,38vw);overflow-wrap:anywhere}
td.soft{font-size:inherit}
.word{text-align:left}
.to{padding-left:12px}
.better,.safe{color:var(--better)}
.worse,.harmed{color:var(--worse)}
.undecided{color:var(--undecided)}
td.word.better,td.word.worse,td.word.harmed{font-weight:600}
.notes{margin-top:8px;padding-left:18px;max-width:76ch;overflow-wrap:anywhere}
.notes li+li{margin-top:4px}
.reading dt{font-weight:600;margin-top:10px}
.reading dd{max-width:76ch}
footer{margin-top:40px;padding-top:12px;border-top:1px solid var(--hair);color:var(--soft);font-size:13px}
footer a{color:inherit}
${PLOT_CSS}
@media (max-width:640px){
main{padding:20px 16px 32px}
section{margin-top:28px}
.facts{grid-template-columns:1fr;gap:0}
.facts dd+dt{margin-top:8px}
.wide{display:none}
.narrow{display:block;max-width:480px}
}
@media print{
@page{margin:14mm}
main{max-width:none;padding:0}
body{font-size:10.5pt}
table{font-size:8.5pt}
th,td{padding-left:8pt}
.scroll{overflow:visible}
.wide{display:block}
.narrow,footer a,.others{display:none}
.advice{border:1px solid var(--hair);border-left:4px solid}
h2,caption{break-after:avoid}
tr,.scroll,.advice,.reading div{break-inside:avoid}
.whole svg{max-height:225mm}
th:first-child{position:static}
.long{min-width:8rem}
}
`
