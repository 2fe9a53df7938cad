/// The page's style sheet: light or dark as the reader's system is, from 320 pixels on.
enum HistoryPageStyle {
    static let text = """
        :root { color-scheme: light dark; --page: #fbfaf7; --sunken: #f0ede6; --line: #ddd8cd; --ink: #22272a; --quiet: #5d6264;
          --accent: #1f6f6b; --good: #24763f; --warn: #8a5a00; --bad: #b3312c; --smoke: #c3d3d1; --core: #84a9a5;
          --l1: #2c64a8; --l2: #7b4bb0; --l3: #c2570c; --l4: #b3312c; --ok: #7fbf92; --part: #e0a63c; --down: #b3312c;
          --q0: #dce8ee; --q1: #b5d0dd; --q2: #86b1c6; --q3: #548fac; --q4: #2b6a8a; --f1: #f3c6a5; --f2: #e2825a; --f3: #b3312c; }
        @media (prefers-color-scheme: dark) {
          :root { --page: #15181a; --sunken: #1e2325; --line: #343b3e; --ink: #e4e6e4; --quiet: #a2abad; --accent: #64c2b9;
            --good: #6cc587; --warn: #e0ad4e; --bad: #f0837c; --smoke: #2c4340; --core: #3f726c; --l1: #7fb2ee; --l2: #bb94e8;
            --l3: #f0a05a; --l4: #f0837c; --ok: #3b7d50; --part: #c08a2b; --down: #d9534b; --q0: #22323a; --q1: #2b4a59; --q2: #37667c;
            --q3: #4a8aa8; --q4: #7fbedb; --f1: #7a4a2c; --f2: #b8623c; --f3: #e8605a; }
        }
        *, ::before, ::after { box-sizing: border-box; }
        html { font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif;
          font-variant-numeric: tabular-nums; background: var(--page); color: var(--ink); }
        body { margin: 0; overflow-wrap: anywhere; }
        main { max-width: 78rem; margin: 0 auto; padding: 1.25rem 1rem 4rem; }
        h1, h2, h3 { margin: 0; line-height: 1.25; font-weight: 600; }
        h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; } h3 { font-size: 1rem; }
        p { margin: .4rem 0; } a { color: var(--accent); } code { font: .9em ui-monospace, Menlo, Consolas, monospace; }
        .quiet { color: var(--quiet); } .good { color: var(--good); } .warn { color: var(--warn); } .bad { color: var(--bad); }
        .figures { display: flex; flex-wrap: wrap; gap: .5rem 1.75rem; margin: .5rem 0; }
        .figures div { display: flex; flex-direction: column-reverse; }
        dt { font-size: .85rem; color: var(--quiet); } dd { margin: 0; font-size: 1.2rem; line-height: 1.25; font-weight: 600; }
        main > .figures { margin: 1rem 0; } main > .figures dd { font-size: 1.5rem; }
        .columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 20rem), 1fr)); gap: 0 2.5rem; }
        ul { margin: 0; padding: 0; list-style: none; } li { padding: .15rem 0; border-bottom: 1px solid var(--line); }
        .scroll { overflow-x: auto; } :focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
        table { width: 100%; border-collapse: collapse; font-size: .95em; }
        th { text-align: left; font-weight: 500; padding: .3rem .75rem .3rem 0; border-bottom: 1px solid var(--line); min-width: 10rem; }
        thead th { font-size: .85rem; color: var(--quiet); }
        td { padding: .3rem 0 .3rem .75rem; border-bottom: 1px solid var(--line); }
        .num { text-align: right; white-space: nowrap; width: 1%; min-width: 0; padding-left: .9rem; padding-right: 0; }
        section { margin: 0 0 2rem; padding-top: 1rem; border-top: 1px solid var(--line); }
        .drawings { display: grid; grid-template-columns: minmax(0, 5fr) minmax(0, 3fr); gap: 1rem 2rem; align-items: start; }
        figure { margin: .5rem 0; display: grid; grid-template-columns: 3.6rem minmax(0, 1fr); column-gap: .4rem; }
        svg { display: block; width: 100%; background: var(--sunken); }
        .band { height: 9rem; } .strip { grid-column: 2; height: .5rem; margin-top: 2px; }
        .scale, .days { display: flex; flex-direction: column; justify-content: space-between; align-items: flex-end;
          font-size: .75rem; line-height: 1; color: var(--quiet); white-space: nowrap; }
        .days { justify-content: space-around; }
        .times { grid-column: 2; display: flex; justify-content: space-between; font-size: .75rem; color: var(--quiet); }
        .smoke { fill: var(--smoke); } .core { fill: var(--core); } .lost { fill: var(--down); opacity: .22; }
        .grid { stroke: var(--line); vector-effect: non-scaling-stroke; fill: none; } .t { fill: transparent; }
        .median { fill: none; stroke: var(--ink); stroke-width: 2; vector-effect: non-scaling-stroke; }
        .l1 { stroke: var(--l1); } .l2 { stroke: var(--l2); } .l3 { stroke: var(--l3); } .l4 { stroke: var(--l4); }
        .ok { fill: var(--ok); } .part { fill: var(--part); } .down { fill: var(--down); }
        .heat path { stroke: var(--page); stroke-width: 1; vector-effect: non-scaling-stroke; }
        .q0 { fill: var(--q0); } .q1 { fill: var(--q1); } .q2 { fill: var(--q2); } .q3 { fill: var(--q3); } .q4 { fill: var(--q4); }
        .f1 { fill: var(--f1); } .f2 { fill: var(--f2); } .f3 { fill: var(--f3); }
        .legend { display: flex; flex-wrap: wrap; gap: .2rem 1.1rem; font-size: .85rem; color: var(--quiet); }
        .key { white-space: nowrap; } .key i { display: inline-block; width: .9em; height: .9em; margin: 0 .35em 0 0; vertical-align: -.1em; }
        i.smoke { background: var(--smoke); } i.core { background: var(--core); } i.ok { background: var(--ok); }
        i.part { background: var(--part); } i.down { background: var(--down); } i.l0 { background: var(--ink); }
        i.l1 { background: var(--l1); } i.l2 { background: var(--l2); } i.l3 { background: var(--l3); } i.l4 { background: var(--l4); }
        i.q0 { background: var(--q0); } i.q1 { background: var(--q1); } i.q2 { background: var(--q2); } i.q3 { background: var(--q3); }
        i.q4 { background: var(--q4); } i.f1 { background: var(--f1); } i.f2 { background: var(--f2); } i.f3 { background: var(--f3); }
        @media (max-width: 50rem) { .drawings { grid-template-columns: minmax(0, 1fr); } }
        """
}
