// How the service's own pages look beyond a report's: the bar, the list, buttons, dialogs, forms,
// and the charts of the course.

import { ARM_COLOURS } from '../svg/palette.ts'
import { MONO } from '../svg/plot-style.ts'
import { PAGE_CSS } from './page-style.ts'

/** The whole style sheet of the pages. */
export const WINDOW_CSS = `${PAGE_CSS}
a{color:var(--arm1);text-underline-offset:2px;text-decoration-thickness:1px}
:focus-visible{outline:2px solid var(--arm1);outline-offset:2px;border-radius:3px}
main:focus{outline:none}
.unseen{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);margin:0}
.skip{position:absolute;left:-999px}
.skip:focus{left:16px;top:8px;z-index:2;background:var(--paper);padding:6px 10px}
.bar{display:flex;flex-wrap:wrap;align-items:center;gap:6px 24px;max-width:960px;margin:0 auto;padding:16px 40px 0;font-size:14px}
.bar a{color:var(--soft);text-decoration:none;padding:4px 0}
.bar a:hover{color:var(--ink);text-decoration:underline}
.bar .mark{display:flex;align-items:center;gap:8px;color:var(--ink);font-weight:650;letter-spacing:-.01em;font-size:15px}
.bar nav{display:flex;gap:20px}
.bar form{margin-left:auto}
.bar .live+form{margin-left:0}
.blade{fill:var(--arm1)}
.blade.pale{fill:var(--zero)}
.live{margin-left:auto;color:var(--soft);font-size:13px}
.live::before{content:"";display:inline-block;width:7px;height:7px;border-radius:50%;margin-right:7px;vertical-align:1px;background:var(--better)}
.live.lost::before{background:none;box-shadow:inset 0 0 0 1.5px var(--zero)}
.crumb{display:none;font-size:13px;margin-bottom:2px}
.crumb a{color:var(--soft)}
h1 code,h1 .long{font-family:inherit}
.state{color:var(--soft);font-size:13px}
.state::before,.group h2::before{content:"";display:inline-block;width:8px;height:8px;border-radius:50%;margin-right:8px;vertical-align:1px;box-shadow:inset 0 0 0 1.5px var(--zero)}
.group h2::before{content:none}
.state.running::before{background:var(--better);box-shadow:none}
.state.stopped::before{background:var(--zero);border-radius:1px;box-shadow:none}
.choice{margin-top:14px;border-bottom:1px solid var(--hair)}
.choice ul{display:flex;flex-wrap:wrap;gap:0 22px;list-style:none;padding:0}
.choice a{display:block;padding:6px 0;color:var(--ink);text-decoration:none;font-size:14px;border-bottom:2px solid transparent;margin-bottom:-1px}
.choice a:hover{border-color:var(--zero)}
.choice a[aria-current]{border-color:var(--arm1);font-weight:600}
.choice .soft{font-weight:400}
.button,.plain{font:inherit;font-size:14px;line-height:1.4;cursor:pointer;color:var(--ink)}
.button{display:inline-block;padding:6px 14px;border:1px solid var(--zero);border-radius:6px;background:var(--paper);text-decoration:none}
.button:hover{background:var(--shade);border-color:var(--ink)}
.button.primary{background:var(--arm1);border-color:var(--arm1);color:var(--paper);font-weight:600}
.button.primary:hover{filter:brightness(1.08)}
.plain{border:0;background:none;padding:0;color:var(--arm1);text-decoration:underline;text-underline-offset:2px}
.controls{display:flex;flex-wrap:wrap;gap:8px;margin-top:16px}
dialog{width:min(520px,100vw - 32px);padding:24px 28px;border:1px solid var(--hair);border-radius:10px;background:var(--paper);color:var(--ink);box-shadow:0 12px 48px rgb(0 0 0/.28);overflow-wrap:anywhere}
dialog::backdrop{background:rgb(12 14 18/.45)}
dialog p{margin-top:10px}
.deeds{display:flex;flex-wrap:wrap;gap:8px;margin-top:20px}
input,select,.button{min-height:34px}
.policy .field:first-child{grid-column:span 2}
input,select,textarea{font:inherit;font-size:14px;color:var(--ink);background:var(--paper);border:1px solid var(--zero);border-radius:5px;padding:5px 8px;max-width:100%}
select{text-overflow:ellipsis}
pre{margin:12px 0 0;padding:14px 16px;background:var(--shade);border-radius:8px;overflow-x:auto;font:13px/1.5 ${MONO}}
pre code{font-size:inherit;overflow-wrap:normal}
.group{margin-top:32px}
.group h2{font-size:13px;font-weight:600;color:var(--soft)}
.group h2 .soft{font-weight:400}
.list{list-style:none;padding:0;margin-top:6px;border-top:1px solid var(--zero)}
.list>li+li{border-top:1px solid var(--hair)}
.entry{display:grid;grid-template-columns:minmax(0,1fr) minmax(0,1.35fr) 200px;gap:8px 28px;align-items:start;padding:14px 0}
.entry h3{margin:0;font-size:15px;line-height:1.35;overflow-wrap:anywhere}
.entry h3 a{color:var(--ink);text-decoration:none}
.entry h3 a:hover{text-decoration:underline}
.entry .long{min-width:0}
.clip{display:-webkit-box;-webkit-box-orient:vertical;-webkit-line-clamp:2;overflow:hidden;overflow-wrap:anywhere}
.entry dl{display:grid;grid-template-columns:5em minmax(0,1fr) minmax(0,1fr);gap:0 18px;align-items:baseline}
.entry dt{color:var(--soft);font-size:12px}
.entry dd{font-size:14px;overflow-wrap:anywhere}
.entry dd code{font-size:13px}
.word .ship,.word .choose{color:var(--better);font-weight:600}
.word .retire,.word .investigate{color:var(--worse);font-weight:600}
.picture{font-size:12px}
.picture .soft{font-size:12px}
.spark{display:block;width:100%;height:30px;border-radius:3px;margin-bottom:4px}
.area{stroke:var(--paper);stroke-width:.75;vector-effect:non-scaling-stroke;fill-opacity:.82}
.area.control{fill:var(--zero);fill-opacity:.55}
.area.faint{fill:var(--hair);stroke:none}
.empty{max-width:720px}
.empty p{margin-top:10px;max-width:68ch}
.plot .line{fill:none;stroke-width:2;stroke-linejoin:round}
.plot .line.control{stroke:var(--zero)}
.plot .line.faint{stroke:var(--hair);stroke-width:1}
.plot .band{fill:var(--zero);fill-opacity:.16}
.plot text.control{fill:var(--soft)}
.plot .name{font-family:${MONO};font-weight:600}
.plot .ridge .hill,.plot .ridge .mean{stroke-width:1.5;stroke:var(--zero);fill:var(--zero);fill-opacity:.2;stroke-linejoin:round}
.plot .ridge.faint .hill,.plot .ridge.faint .mean{stroke-width:1;fill:var(--hair);fill-opacity:.6}
.plot .ridge .mean{stroke-width:2}
${ARM_COLOURS.map(
  colour => `.plot .line.${colour},.plot .ridge.${colour} .hill,.plot .ridge.${colour} .mean{stroke:var(--${colour})}
.plot text.${colour}{fill:var(--${colour})}
.area.${colour},.plot .ridge.${colour} .hill{fill:var(--${colour})}`,
).join('\n')}
section>p+figure{margin-top:14px}
td.free{white-space:normal;min-width:18rem;overflow-wrap:anywhere}
section>p.soft{margin-top:8px}
.scroll+p.soft a{color:inherit}
.fields{display:grid;grid-template-columns:minmax(0,1fr);gap:14px;margin-top:20px;max-width:760px}
fieldset{border:0;border-top:1px solid var(--hair);margin:8px 0 0;padding:2px 0 0;min-width:0}
legend{padding:0 10px 0 0;font-weight:600;font-size:15px}
.field{display:flex;flex-direction:column;gap:3px;min-width:0}
.field label,.field .label{font-size:13px;color:var(--soft)}
.field input,.field select,.field textarea{width:100%}
.rowed{display:grid;grid-template-columns:repeat(auto-fit,minmax(130px,1fr));gap:10px 12px;align-items:start;padding:10px 0}
.rowed+.rowed{border-top:1px solid var(--hair)}
.fault{color:var(--worse);font-size:13px;overflow-wrap:anywhere}
.field .soft{font-size:12px;overflow-wrap:anywhere}
.basics{grid-template-columns:minmax(0,1fr) minmax(0,2fr)}
.remove{align-self:center;justify-self:start;margin-top:18px;font-size:13px}
.rowed .button,fieldset>.button{margin-top:4px}
.command{margin-top:8px}
@media (scripting:enabled){.nojs{display:none}}
[aria-invalid=true]{border-color:var(--worse)}
.signin{max-width:440px}
.signin form{display:grid;gap:10px;margin-top:16px}
@media (prefers-reduced-motion:no-preference){
.live:not(.lost)::before{animation:breathe 2.4s ease-in-out infinite}
@keyframes breathe{50%{opacity:.35}}
}
@media (max-width:780px){
.entry{grid-template-columns:minmax(0,1fr)}
.entry dl{grid-template-columns:5em minmax(0,1fr) minmax(0,1fr);gap:4px 14px}
}
@media (max-width:640px){
.bar{padding:14px 16px 0;gap:4px 18px}
.bar nav{gap:16px}
.bar nav a:first-child{display:none}
.crumb{display:block}
.basics{grid-template-columns:minmax(0,1fr)}
.entry dl{grid-template-columns:4em minmax(0,1fr) minmax(0,1fr)}
.policy .field:first-child{grid-column:auto}
}
@media print{
.bar nav,.bar form,.live,.controls,.skip,.choice,dialog,.top .button,.crumb{display:none}
.bar{max-width:none;padding:0}
.area{print-color-adjust:exact}
pre{white-space:pre-wrap}
}
`
