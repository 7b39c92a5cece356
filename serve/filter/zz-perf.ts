import { filterShard } from "./filter-shard.ts"; import { NgramScorer } from "#models/ngram/scorer"; import { statSync } from "node:fs";
const bits=Number(process.argv[3]??20); const n=2**bits; const table=new Int16Array(new SharedArrayBuffer(n*4)); for(let i=0;i<n;i++){table[2*i]=(Math.imul(i,2654435761)>>>8)%2001-1000;table[2*i+1]=50+(Math.imul(i,40503)>>>4)%400}
const model={features:{bits,charNgrams:null},labels:["harmful"],table,slope:Float32Array.of(0.001),intercept:Float32Array.of(-2),rules:{}};
const s=new NgramScorer(model as any); const p=process.argv[2]!; const st=statSync(p);
const config:any={format:1,cordonVersion:"0",model:{name:"x",sha256:""},category:"harmful",aggregate:"max",rule:{kind:"threshold",threshold:.5},textField:"text",idField:"id",experiment:"cordon",tagger:"m",labels:["harmful"],compression:null,gzipLevel:1,zstdLevel:Number(process.argv[4]??1),maxRowBytes:16<<20};
for(let k=0;k<3;k++){const a=performance.now();const l=filterShard({path:p,name:"c.jsonl.zst",size:st.size,modifiedMs:st.mtimeMs},{out:"/tmp/flt/t",config,configSha256:"x",threshold:.5},s,()=>{});const ms=performance.now()-a;
console.log((l.bytes.in/ms/1e3).toFixed(1),"MB/s",JSON.stringify(l.rows),l.chars.in, Object.values(l.outputs).map(o=>o.bytes).join(" "),(process.resourceUsage().maxRSS/1e3).toFixed(0)+" MB");}
